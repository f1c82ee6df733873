"""Training runs: from a request to a frozen spec, and from the spec to a kept head."""
