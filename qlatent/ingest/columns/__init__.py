"""Finds what each column holds, and which part of an item it becomes."""
