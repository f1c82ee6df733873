"""Reads precomputed embeddings from numpy files (`.npz`, `.npy`)."""
