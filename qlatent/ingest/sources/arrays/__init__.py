"""Ready embeddings in numpy files (`.npz`, `.npy`)."""
