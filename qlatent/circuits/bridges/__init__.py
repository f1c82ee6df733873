"""Circuits in other libraries: PennyLane, Qiskit, and PennyLane's noisy simulator."""
