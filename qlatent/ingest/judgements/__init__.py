"""Queries, relevance judgements and runs of retrieval, which judge items and are none."""
