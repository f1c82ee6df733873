"""A class on the page Learn: joining, following, and the teacher's views."""
