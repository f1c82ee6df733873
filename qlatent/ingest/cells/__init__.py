"""Reads single cells: text, numbers, JSON, lists of numbers, Arrow values."""
