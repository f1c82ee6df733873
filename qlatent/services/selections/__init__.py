"""Selections of items: what is selected, which rows it has, what sets it apart, and named collections."""
