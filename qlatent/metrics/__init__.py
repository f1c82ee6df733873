"""Metrics of what a compression keeps, each with its 95 % interval. numpy, scipy and scikit-learn only."""
