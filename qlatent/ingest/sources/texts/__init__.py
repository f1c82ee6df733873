"""Text files: one text a line, and vectors written as text (GloVe, word2vec)."""
