"""The quantum-inspired projection: pairwise merging, fidelity, and its classical counterparts."""
