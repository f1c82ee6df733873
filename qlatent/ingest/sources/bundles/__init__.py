"""Reads several files that belong together: finds the role of each, and joins vectors with their items."""
