"""Drawn marketplace listings to try the application with, and the training of the encoder that knows them."""
