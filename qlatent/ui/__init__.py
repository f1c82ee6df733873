"""The only Streamlit inside the package: the frame, the URL, cards, forms and the map's player."""
