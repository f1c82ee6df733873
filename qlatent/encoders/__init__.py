"""Frozen models that turn images and texts into vectors. Loaded by name, so importing this package is cheap."""
