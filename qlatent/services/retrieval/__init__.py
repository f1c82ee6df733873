"""Evaluate heads by retrieval."""
