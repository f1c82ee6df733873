"""Self-supervised learning from images as in QSSL: augmented views, a ResNet with a small head, a linear probe."""
