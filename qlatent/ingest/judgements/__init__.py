"""Reads queries, relevance judgements and retrieval runs; they judge items and become none."""
