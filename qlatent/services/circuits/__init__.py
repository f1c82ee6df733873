"""Circuits of layouts and of kept heads, for the page Circuits."""
