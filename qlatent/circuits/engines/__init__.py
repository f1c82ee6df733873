"""Engines that evaluate circuits: statevectors in torch, compiled kernels in numba, and finite shots."""
