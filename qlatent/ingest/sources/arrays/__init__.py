"""Reads ready embeddings from numpy files (`.npz`, `.npy`)."""
