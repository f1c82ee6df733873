"""Whether partners and answers are found: exact search and ranking measures."""
