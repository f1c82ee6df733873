"""Reads text files: one text per line, or vectors written as text (GloVe, word2vec)."""
