"""Compare many trainings: grids, data-scarcity studies, the reproduction, latent spaces side by side."""
