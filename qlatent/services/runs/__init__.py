"""Runs of every kind: queue, heartbeat, event log and frames of the map."""
