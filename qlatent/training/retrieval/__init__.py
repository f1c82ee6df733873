"""Training for retrieval: texts that answer one another are brought together, on stored vectors or end to end."""
