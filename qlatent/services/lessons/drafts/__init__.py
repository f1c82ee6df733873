"""Steps made of what a page shows: the figure, what it needs, and the folder of a lesson with it."""
