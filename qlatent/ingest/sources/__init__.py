"""Opens whatever a user uploads as one source of rows; `opening` chooses the reader."""
