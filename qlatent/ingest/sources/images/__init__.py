"""Image files, with the captions and tables that lie beside them."""
