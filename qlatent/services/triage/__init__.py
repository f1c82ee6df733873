"""Queues of cases: made, handed out, decided, undone, and their log."""
