"""Circuits as data, and engines that evaluate them."""
