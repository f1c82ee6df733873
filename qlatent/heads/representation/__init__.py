"""The representation network of quantum self-supervised learning, and its controls."""
