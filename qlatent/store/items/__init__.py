"""Items, images, texts and embeddings in LanceDB."""
