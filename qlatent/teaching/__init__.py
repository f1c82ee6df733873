"""Lessons as data: their types, how a lesson file is read, and how answers are checked."""
