"""Reviewing flagged items: how cases are decided, in which order they come, and what their decisions say."""
