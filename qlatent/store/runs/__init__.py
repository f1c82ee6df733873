"""Run folders: written by a worker, read by everyone else."""
