"""Lessons: those that are shipped, their data in a workspace, what their figures show, and their answers checked."""
