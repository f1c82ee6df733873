"""What every page shares: frame, URL state, forms, formatting, progress."""
