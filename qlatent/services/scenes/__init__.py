"""What a map shows, as plain data: its points, which items they are, and what can colour them."""
