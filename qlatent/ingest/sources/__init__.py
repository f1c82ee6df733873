"""What people bring, opened as one source of rows: `opening` decides which reader a file gets."""
