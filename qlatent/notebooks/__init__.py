"""Lessons in notebooks: `qlatent lessons export` writes them, and their cells call `open_lesson`."""

from qlatent.notebooks.lesson import OpenLesson, open_lesson

__all__ = ["OpenLesson", "open_lesson"]
