"""Metrics of how well a compression preserves distances, neighbourhoods and spectrum."""
