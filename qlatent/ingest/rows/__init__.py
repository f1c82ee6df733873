"""From a row to an item, or to the reason why the row is refused."""
