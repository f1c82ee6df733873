"""Convert circuits to PennyLane and Qiskit, and run them on PennyLane's noisy simulator."""
