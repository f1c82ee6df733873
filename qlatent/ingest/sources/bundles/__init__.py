"""Several files that belong together: which file is what, and how vectors find their items."""
