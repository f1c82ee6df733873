"""A stand-in of IBM's Quantum Compute service on loopback, which executes jobs with known noise. See README.md."""
