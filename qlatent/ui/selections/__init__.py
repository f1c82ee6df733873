"""What a person has selected on a page, shown and kept."""
