"""Probes: simple classifiers of labels on latents."""
