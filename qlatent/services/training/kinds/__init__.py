"""What differs between training on images and training for retrieval."""
