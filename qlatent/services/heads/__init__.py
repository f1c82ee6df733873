"""List, load, apply and evaluate kept heads."""
