"""One item, a table of items, and filters over their columns."""
