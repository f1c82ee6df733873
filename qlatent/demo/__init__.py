"""Draws marketplace listings for the demo, and trains the built-in encoder on them."""
