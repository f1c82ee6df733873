"""The panel of stored layouts: choose one, start one, and read it."""
