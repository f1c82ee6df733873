"""What classifiers read from latents."""
