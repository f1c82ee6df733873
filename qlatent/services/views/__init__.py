"""Saved views of the app's pages."""
