"""What a column holds, told from its first cells, and which column becomes which part of an item."""
