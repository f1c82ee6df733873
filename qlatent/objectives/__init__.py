"""Losses that heads are trained with."""
