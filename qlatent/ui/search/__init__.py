"""Search by text, image, items and words, with the hits of several spaces side by side."""
