"""The schemas of items, images and vectors in their tables and in staged files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

ITEMS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        ("image_hash", pa.string()),
        ("text_hash", pa.string()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("split", pa.string()),
        pa.field("metadata", pa.string(), nullable=False),
        ("given_image", pa.string()),
        ("given_text", pa.string()),
        ("given_vector", pa.string()),
        pa.field("pair_hash", pa.string(), nullable=False),
        pa.field("duplicate_of", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("pictures", pa.list_(pa.string())),
    ]
)
"""The rows of a dataset. Tables of earlier versions lack the last column; it is null in what is read from them."""
BLOBS = pa.schema(
    [
        pa.field("hash", pa.string(), nullable=False),
        pa.field("image", pa.large_binary(), nullable=False),
        pa.field("thumbnail", pa.binary(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
    ]
)

MAKER = b"qlatent.maker"
"""Metadata key of a dataset's rows for the process that created it, as JSON."""


def vector_schema(encoder_key: str, modality: str, dim: int) -> pa.Schema:
    """The schema of content hash and vector, with key and modality in its metadata."""
    vector = pa.list_(pa.field("item", pa.float32(), nullable=False), dim)
    fields = [pa.field("hash", pa.string(), nullable=False), pa.field("vector", vector, nullable=False)]
    return pa.schema(fields, metadata={"qlatent.encoder": encoder_key, "qlatent.modality": modality})


def vector_batch(schema: pa.Schema, hashes: Sequence[str], vectors: np.ndarray) -> pa.RecordBatch:
    """Vectors (n, d) float32 and their hashes as one batch, without conversion to Python numbers."""
    flat = pa.array(np.ascontiguousarray(vectors, dtype="<f4").reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(flat, type=schema.field("vector").type)
    return pa.RecordBatch.from_arrays([pa.array(hashes, pa.string()), column], schema=schema)
