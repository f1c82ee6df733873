"""Runners that compute here: simulators, twins of devices, devices of PennyLane."""
