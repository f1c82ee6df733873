"""Circuits of layouts and kept heads, for the page Circuits."""
