"""Distances between points, their ranks and nearest neighbours: what the metrics are computed from."""
