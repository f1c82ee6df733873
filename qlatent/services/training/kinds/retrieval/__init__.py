"""Training for retrieval, on stored vectors or end to end."""
