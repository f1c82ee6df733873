"""Confidence intervals and tests: bootstrap, jackknife, paired differences."""
