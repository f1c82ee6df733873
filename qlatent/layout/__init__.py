"""From latents to the plane they are drawn in. numpy and scipy only."""
