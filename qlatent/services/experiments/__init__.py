"""Many trainings compared: grids, scarcity studies, the reproduction, latent spaces side by side."""
