"""Files of every kind, each opened as one source of rows."""
