"""The store of items, images, texts and embeddings in LanceDB."""
