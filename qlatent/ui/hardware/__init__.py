"""The page Hardware: a head's circuit on devices, its jobs and their results."""
