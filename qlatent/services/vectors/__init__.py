"""Encode datasets and augmented views of images, and read the stored vectors."""
