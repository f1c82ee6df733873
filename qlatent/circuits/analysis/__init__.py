"""Analyse circuits by simulation: figures of merit, state derivatives, and states gate by gate."""
