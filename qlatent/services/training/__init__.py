"""Training runs: turn a request into a frozen spec, carry it out and keep the head."""
