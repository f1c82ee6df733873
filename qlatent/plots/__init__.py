"""Turns data into Plotly figures; transparent backgrounds and neutral greys suit the light and the dark theme."""
