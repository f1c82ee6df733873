"""Tables: CSV, TSV, JSON, JSON lines, Parquet and Excel, and several files of one table."""
