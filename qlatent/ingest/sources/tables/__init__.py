"""Reads tables: CSV, TSV, JSON, JSON lines, Parquet and Excel, also one table in several files."""
