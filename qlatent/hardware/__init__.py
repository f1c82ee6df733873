"""IBM's devices."""
