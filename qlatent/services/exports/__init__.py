"""What leaves the workspace as a file."""
