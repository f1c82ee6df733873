"""Reads text files: one text a line, or vectors written as text (GloVe, word2vec)."""
