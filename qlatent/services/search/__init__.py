"""Search: nearest neighbours, queries, filters and full text, before any head is trained."""
