"""Writes reports as HTML and Markdown: the answer, the tables, the method, and how to read them."""
