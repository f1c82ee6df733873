"""Turns rows into items, and decides why a row is refused."""
