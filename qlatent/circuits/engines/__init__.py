"""What evaluates circuits: statevectors in torch, compiled kernels in numba, and finite shots."""
