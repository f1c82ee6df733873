"""Everything of the package that needs Streamlit: shell, latent map, and one folder per page."""
