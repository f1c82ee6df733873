"""What a head is trained towards."""
