"""Training a head on stored vectors."""
