"""Reports: what was found, how it was made, and what it cannot show, as HTML and Markdown."""
