"""Reads image files, with the captions and tables beside them."""
