"""PCA, random projection, truncation and an MLP: what every head is compared with."""
