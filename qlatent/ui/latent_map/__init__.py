"""Draws the map of a latent space and its player."""
