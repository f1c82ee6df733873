"""Classes without accounts: opened by a teacher, joined by link and nickname, and kept in the catalogue."""
