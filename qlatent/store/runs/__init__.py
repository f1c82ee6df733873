"""Run folders, written by a worker and read by other processes."""
