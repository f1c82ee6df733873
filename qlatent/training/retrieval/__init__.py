"""Training for retrieval: pull queries and their answers together, on stored vectors or end to end."""
