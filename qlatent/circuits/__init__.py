"""Circuits as data, and the engines, analyses, drawings and bridges that work on them."""
