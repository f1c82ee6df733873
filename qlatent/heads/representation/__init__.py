"""Representation networks of quantum self-supervised learning (QSSL) and their classical controls."""
