"""Embeddings of a dataset: encoding them, augmented views of images, and reading them."""
