"""Heads evaluated by retrieval."""
