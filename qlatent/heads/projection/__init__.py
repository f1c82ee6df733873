"""Quantum-inspired projection heads: pairwise merging, fidelity, and their classical counterparts."""
