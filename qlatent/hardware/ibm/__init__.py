"""IBM's devices through qiskit-ibm-runtime: access, account, devices, jobs."""
