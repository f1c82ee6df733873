"""Training a backbone under a head, from images."""
