"""Runs of every kind: queue, heartbeat, event log, and the frames of the map."""
