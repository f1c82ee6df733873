"""Frozen models that turn images and texts into vectors; loaded by name, so importing this is light."""
