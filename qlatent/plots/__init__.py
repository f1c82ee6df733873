"""Data in, plotly figure out. Backgrounds are transparent and greys neutral, so both themes can hold them."""
