"""Circuits as text and as SVG."""
