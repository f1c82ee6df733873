"""The catalogue of datasets, imports, runs and heads in SQLite or PostgreSQL, with migrations."""
