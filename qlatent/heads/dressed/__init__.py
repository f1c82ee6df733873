"""Dressed heads: CLIP-ACQUA and its classical controls, a small core between two linear layers."""
