"""The page Learn: lessons that are walked alone or in a class."""
