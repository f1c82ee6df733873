"""Small valid files of every kind that can be brought, as bytes: what the fuzzer damages."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from tests.ingest.builders import encoded, picture

ROWS = 6
TEXTS = ("plain words", "Zürich, “quoted”", 'a "quote" inside', "tab\tinside", "日本語", "last one")
PICTURES = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WEBP", "tiff": "TIFF", "bmp": "BMP"}


@cache
def originals() -> dict[str, bytes]:
    """File name → content, each of them imported, or read as judgements, without a word."""
    files = {name: text.encode() for name, text in {**_tables(), **_judged()}.items()}
    files |= {"packed.csv.gz": gzip.compress(files["table.csv"], mtime=0)}
    files |= {"packed.jsonl.gz": gzip.compress(files["rows.jsonl"], mtime=0)}
    files |= {"wide.csv": files["table.csv"].decode().encode("utf-16")}
    files |= {f"picture.{ending}": _picture(kind) for ending, kind in PICTURES.items()}
    files |= {"table.parquet": _parquet(compression="snappy"), "plain.parquet": _parquet(compression="none")}
    files |= {"pairs.npz": _npz(np.savez), "packed.npz": _npz(np.savez_compressed)}
    files |= {"rows.npy": _npy("C"), "columns.npy": _npy("F")}
    files |= {"pictures.zip": _zip(files), "head.zip": _head(), "table.xlsx": _workbook()}
    return files | {name: _zip_of(inner) for name, inner in _together(files).items()}


def _tables() -> dict[str, str]:
    rows = [{"id": i, "text": text, "price": f"${i}.50", "v": [0.5, i, -1]} for i, text in enumerate(TEXTS)]
    lines = [",".join(['"' + str(cell).replace('"', '""') + '"' for cell in row.values()]) for row in rows]
    return {
        "table.csv": "\n".join(["id,text,price,v", *lines]) + "\n",
        "table.tsv": "id\ttext\n" + "".join(f"{i}\ttext {i}\n" for i in range(ROWS)),
        "rows.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "rows.json": json.dumps({"rows": rows}),
        "lines.txt": "\n".join(TEXTS),
        "words.txt": "".join(f"word{i} {i}.5 0.25 -1.5 {i}e-3 0.125\n" for i in range(ROWS)),
        "word2vec.vec": f"{ROWS} 4\n" + "".join(f"w{i} 0.5 {i}.5 -1 0.25\n" for i in range(ROWS)),
        "printed.csv": "id,text,embedding\n"
        + "".join(
            f'{i},"{text.replace(chr(34), "")}",[ 0.5 {i}.25\n -1.5  2.]\n' for i, text in enumerate(TEXTS)
        )
        .replace(",[", ',"[')
        .replace("]\n", ']"\n'),
        "answer.json": json.dumps(
            {
                "data": [{"index": i, "embedding": [0.5, i + 0.25, -1.0, 0.125]} for i in range(ROWS)],
                "model": "m",
            }
        ),
        "split.json": json.dumps(
            {
                "columns": ["id", "text"],
                "index": [*range(ROWS)],
                "data": [[i, text] for i, text in enumerate(TEXTS)],
            }
        ),
    }


def _judged() -> dict[str, str]:
    pairs = [(f"q{i % 3}", f"d{i}", i % 2) for i in range(ROWS)]
    return {
        "qrels.tsv": "query\tdocument\tgain\n" + "".join(f"{q}\t{d}\t{g}\n" for q, d, g in pairs),
        "qrels.csv": "query,document\n" + "".join(f'{q},"{d}"\n' for q, d, _ in pairs),
        "qrels.trec": "".join(f"{q} 0 {d} {g}\n" for q, d, g in pairs),
        "run.trec": "".join(f"{q} Q0 {d} {i} {1 / (i + 1)} tag\n" for i, (q, d, _) in enumerate(pairs)),
        "queries.jsonl": "".join(json.dumps({"_id": f"q{i}", "text": TEXTS[i]}) + "\n" for i in range(3)),
        "triples.jsonl": "".join(
            json.dumps({"query": f"q{i}", "positive": TEXTS[i], "negatives": ["no", "never"]}) + "\n"
            for i in range(3)
        ),
    }


def _picture(kind: str) -> bytes:
    if kind == "GIF":
        frames = [picture(seed=seed, mode="P") for seed in range(3)]
        return encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    return encoded(picture(mode="RGBA" if kind == "PNG" else "RGB"), kind)


def _parquet(*, compression: str) -> bytes:
    table = pa.table(
        {
            "id": pa.array(range(ROWS)),
            "text": pa.array(TEXTS).dictionary_encode(),
            "label": pa.array([0, 1] * (ROWS // 2)),
            "when": pa.array([datetime.datetime(2020, 1, 1 + i) for i in range(ROWS)]),
            "vector": pa.array([[0.5, float(i), -1.0] for i in range(ROWS)], pa.list_(pa.float32())),
            "image": pa.array([{"bytes": _picture("PNG"), "path": None}] * ROWS),
            "facts": pa.array([{"a": [i], "b": None} for i in range(ROWS)]),
            "raw": pa.array([np.array([0.5, i, -1, 0.25], np.float32).tobytes() for i in range(ROWS)]),
            "saved": pa.array([_npy("C")] * ROWS),
        }
    )
    classes = {"info": {"features": {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}}}
    out = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata({"huggingface": json.dumps(classes)}), out, compression=compression
    )
    return out.getvalue()


def _npz(save: object, **others: np.ndarray) -> bytes:
    rng = np.random.default_rng(0)
    out = io.BytesIO()
    save(  # type: ignore[operator]
        out,
        image=rng.normal(size=(ROWS, 4)).astype(np.float32),
        text=np.asfortranarray(rng.normal(size=(ROWS, 3))),
        id=np.array([f"n{i}" for i in range(ROWS)]),
        when=np.arange("2020-01", "2020-07", dtype="datetime64[M]"),
        raw=np.array([b"ab"] * ROWS),
        **others,
    )
    return out.getvalue()


def _npy(order: str) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(np.random.default_rng(1).normal(size=(ROWS, 4)), order=order))  # type: ignore[call-overload]
    return out.getvalue()


def _workbook() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "text", "price", "when", "sum"])
    for i, text in enumerate(TEXTS):
        sheet.append([i, text, i + 0.5, datetime.datetime(2020, 1, 1 + i), "=1+1"])
    book.create_sheet("other").append(["left", "out"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _together(files: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Name of a zip → the files in it that belong together."""
    words = "".join(f"0.5\t{i}.25\t-1.5\n" for i in range(ROWS)).encode()
    coco = {
        "images": [{"id": i, "file_name": f"picture.{ending}"} for i, ending in enumerate(PICTURES)],
        "annotations": [{"image_id": i, "caption": text, "category_id": 1} for i, text in enumerate(TEXTS)],
        "categories": [{"id": 1, "name": "things"}],
    }
    pictures = {f"picture.{ending}": files[f"picture.{ending}"] for ending in PICTURES}
    return {
        "joined.zip": {"vectors.npy": files["rows.npy"], "table.csv": files["table.csv"]},
        "by_id.zip": {"vectors.npz": _npz(np.savez, ids=np.arange(ROWS)), "rows.jsonl": files["rows.jsonl"]},
        "projector.zip": {"tensors.tsv": words, "metadata.tsv": "\n".join(TEXTS).replace("\t", " ").encode()},
        "shards.zip": {f"data/train-0000{i}-of-00002.parquet": files["plain.parquet"] for i in range(2)},
        "parts.zip": {
            f"{split}/part.csv": files["table.tsv"].replace(b"\t", b",") for split in ("train", "test")
        },
        "coco.zip": {**pictures, "captions.json": json.dumps(coco).encode()},
        "beside.zip": {
            **pictures,
            "picture.txt": b"a caption",
            "picture.jpg.json": json.dumps({"caption": "one", "label": 3}).encode(),
            "metadata.json": json.dumps({"picture.gif": {"text": "by its key"}}).encode(),
        },
        "arrays.zip": {
            "image.npy": files["rows.npy"],
            "text.npy": files["columns.npy"],
            "labels.txt": b"a\n" * ROWS,
        },
    }


def _zip_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _zip(files: dict[str, bytes]) -> bytes:
    table = "file_name,text\n" + "".join(f"a/picture.{ending},{ending}\n" for ending in PICTURES)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.csv", table)
        for ending in PICTURES:
            archive.writestr(f"a/picture.{ending}", files[f"picture.{ending}"])
    return out.getvalue()


def _head() -> bytes:
    from qlatent.heads import saving
    from qlatent.heads.dressed.configs import AcquaConfig
    from qlatent.heads.dressed.heads import DressedHead

    out = io.BytesIO()
    with TemporaryDirectory() as temp, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        card = {"encoder": "given", "metrics": {"spearman": 0.5}, "name": "first"}
        folder = saving.save(
            DressedHead(AcquaConfig(input_dim=4, qubits=2, depth=1)), Path(temp) / "head", card
        )
        for file in sorted(folder.iterdir()):
            archive.write(file, f"head/{file.name}")
    return out.getvalue()
