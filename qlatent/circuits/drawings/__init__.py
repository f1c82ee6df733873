"""Draw circuits as text and SVG."""
