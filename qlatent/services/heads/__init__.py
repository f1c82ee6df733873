"""Kept heads: listed, loaded, used and evaluated."""
