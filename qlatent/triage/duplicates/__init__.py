"""Near-duplicates: how far contents lie apart, which pairs are near, and groups of what is near each other."""
