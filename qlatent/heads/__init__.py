"""Heads: small models from a wide embedding to a narrow latent space and back."""
