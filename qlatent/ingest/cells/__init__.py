"""What a single cell says: text, numbers, JSON, lists of numbers, values of Arrow."""
