"""What can be learned about a circuit by running it: figures of merit, state derivatives, states gate by gate."""
