"""Import, browse, filter and remove datasets."""
