"""A lesson of one's own whose training takes a moment: its map, its losses, and a map of which nothing is learned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from qlatent.services.lessons.folders import FILE, TRAININGS
from qlatent.settings import settings

ID, LEARNED, FLAT = "fruit", "fruit/learned", "fruit/flat"
TEXT = """+++
title = "Fruit"
minutes = 3
after = ["say what a seed is"]
needs = ["learned", "flat"]
+++

## The map {#map}

Three kinds of fruit.

```figure
kind = "map"
run = "learned"
```

```question
kind = "choice"
ask = "Which?"
answer = "a"
explain = "The first."
[options]
a = "one"
b = "another"
```

## The loss {#loss}

How it falls.

```figure
kind = "losses"
run = "learned"
```

## Not learned {#flat}

Two of five numbers.

```figure
kind = "map"
run = "flat"
```
"""
TRAINED = """[data.fruit]
title = "Fruit"
files = ["fruit.npz", "fruit.csv"]

[runs.learned]
title = "Fruit compressed"
data = "fruit"
head = "acqua"
objective = "distance_correlation"
settings = { qubits = 2, depth = 1, epochs = 3, batch_size = 16, snapshots = 3 }

[runs.flat]
data = "fruit"
head = "pca"
objective = "distance_correlation"
settings = { dim = 2 }
"""


@contextmanager
def lesson_in(place: Path) -> Iterator[None]:
    """Within the block the lesson is there, with its 45 items in this folder; its trainings are still to be made."""
    folder = place / ID
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    vectors = np.repeat(np.eye(5)[:3], 15, axis=0) + 0.7 * rng.normal(size=(45, 5))
    np.savez(folder / "fruit.npz", vector=vectors.astype(np.float32))
    rows = [f"f{n},{('apple', 'pear', 'plum')[n // 15]}" for n in range(45)]
    (folder / "fruit.csv").write_text("\n".join(["id,label", *rows]), encoding="utf-8")
    (folder / FILE).write_text(TEXT, encoding="utf-8")
    (folder / TRAININGS).write_text(TRAINED, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QLATENT_LESSONS", str(place))
        settings.cache_clear()
        yield
    settings.cache_clear()
