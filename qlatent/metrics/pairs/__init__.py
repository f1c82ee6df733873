"""Distances between points, their ranks and nearest neighbours, from which metrics are computed."""
