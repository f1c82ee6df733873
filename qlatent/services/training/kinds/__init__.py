"""The kinds of training: one protocol, one folder each."""
