"""Queries, relevance judgements, ranked runs and triples, read from the files they come in."""
