"""How well a compression keeps distances, neighbourhoods and spectrum."""
