"""Numbers that say what a map kept: distances, neighbours and the honesty figures. numpy and scipy only."""
