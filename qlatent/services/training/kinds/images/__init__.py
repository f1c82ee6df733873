"""Training a backbone and a head on images."""
