"""Export latents, datasets and heads as files."""
