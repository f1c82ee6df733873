"""Training queries to find their answers, on stored vectors or end to end."""
