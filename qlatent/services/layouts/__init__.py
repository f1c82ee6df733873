"""Layouts of vectors and latents: computed by runs, kept with their quality, and extended by new items."""
