"""The map of a latent space and its player."""
