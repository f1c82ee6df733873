"""Count parts left out of kept items and unusual labels, with the first affected rows."""

from __future__ import annotations

from collections import Counter, defaultdict

_SHOWN = 3
_MOST_LABELS = 1000


class Omissions:
    """Counts of item parts (image, text, vector) that could not be used, by column."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._rows: defaultdict[str, dict[str, list[int]]] = defaultdict(dict)  # column → reason → first rows

    def add(self, columns: str, *, row: int, reason: str) -> None:
        """Counts a part that is left out and stores the first rows by reason."""
        self._counts[columns] += 1
        reasons = self._rows[columns]
        if reason in reasons or len(reasons) < _SHOWN:
            rows = reasons.setdefault(reason, [])
            if len(rows) < _SHOWN:
                rows.append(row)

    def lines(self) -> list[str]:
        """One line per column."""
        return [
            f"{columns} left out of {_rows(count)}, kept with the rest ({self._why(columns)})"
            for columns, count in self._counts.items()
        ]

    def _why(self, columns: str) -> str:
        reasons = [
            f"row {', '.join(map(str, rows))}: {reason}" for reason, rows in self._rows[columns].items()
        ]
        named = sum(map(len, self._rows[columns].values()))
        return "; ".join([*reasons, *(["…"] if named < self._counts[columns] else [])])


class LabelCensus:
    """Census of the spellings in a label column: those read as missing, and those that may be equal."""

    def __init__(self, column: str) -> None:
        self.column = column
        self._missing: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()

    def add(self, cell: object, label: str | None, count: int = 1) -> None:
        """Counts a cell, or several equal ones, and the label read from it."""
        if label is None:
            self._missing["empty" if cell is None else str(cell).strip()[:40] or "empty"] += count
        elif label in self._kept or len(self._kept) < _MOST_LABELS:
            self._kept[label] += count

    def lines(self) -> list[str]:
        """Remarks on missing labels, kept words that may mean "none", and numbers with two spellings."""
        found = []
        if self._missing:
            spellings = ", ".join(f"{word} {count:,}×" for word, count in self._missing.most_common(6))
            found.append(f"label {self.column!r} is missing in {_rows(self._missing.total())} ({spellings})")
        words = [
            label for label in self._kept if label.lower() in ("none", "na", "-", "?", "unknown", "missing")
        ]
        if words:
            found.append(
                f"label {self.column!r}: {_listed(words)} kept as a class; empty the cells if it means none"
            )
        same = defaultdict(list)
        for label in self._kept:
            same[_meaning(label)].append(label)
        found += [
            f"label {self.column!r}: {_listed(labels)} are kept as different classes, as they are written"
            for labels in same.values()
            if len(labels) > 1
        ]
        return found


def _meaning(label: str) -> object:
    """The normalised meaning of a label: its number, 1 for true, or the text without case."""
    low = label.lower()
    try:
        return {"true": 1.0, "false": 0.0}.get(low) if low in ("true", "false") else float(low)
    except ValueError:
        return low


def _listed(labels: list[str]) -> str:
    return ", ".join(repr(label) for label in labels[:6])


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
