"""Baselines for every head: identity, PCA, random projection, truncation and an MLP."""
