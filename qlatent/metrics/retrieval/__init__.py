"""Retrieval: exact nearest-neighbour search, cross-modal retrieval, and relevance measures."""
