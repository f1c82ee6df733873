"""Project latents to the plane of the map. numpy and scipy only."""
