"""Datasets: importing, browsing, filtering and removing them."""
