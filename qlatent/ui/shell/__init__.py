"""Code that every page shares: workspace and error cards, URL state, forms, formatting, progress."""
