"""Combine the files of a folder, a zip or a selection into one source, and name unused files with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from qlatent.errors import InputError
from qlatent.ingest.files.files import AbstractFiles
from qlatent.ingest.record import Rows
from qlatent.ingest.sources.arrays.arrays import ArraysSource
from qlatent.ingest.sources.bundles.joins import Joined, SideBySide, count_of, match
from qlatent.ingest.sources.bundles.roles import ARRAYS, Bundle, Roles, names_pictures, roles
from qlatent.ingest.sources.images.captions import Beside
from qlatent.ingest.sources.images.picture_names import PictureNames, naming_column
from qlatent.ingest.sources.images.pictures import PicturesSource
from qlatent.ingest.sources.source import AbstractSource
from qlatent.ingest.sources.tables.csv_table import CsvTable
from qlatent.ingest.sources.tables.shards import Part, Shards, listed, pattern
from qlatent.ingest.sources.tables.table_source import Place, TableSource
from qlatent.ingest.sources.texts.plain_lines import HeaderlessTable, WordLines


def open_bundle(bundle: Bundle) -> AbstractSource:
    """The source of a bundle: its table with the images or vectors that belong to it, or images or vectors alone.

    Raises `InputError` if nothing can be read, or if vectors and rows do not match.
    """
    pictures = bundle.files.images()
    beside = Beside(bundle.files, pictures)
    found = roles(bundle, pictures, beside)
    main = _with_pictures(found, bundle.files, pictures) if pictures else None
    if pictures and main is None:
        return _pictures(bundle, found, beside)
    found.left |= dict.fromkeys([*beside.used, *found.taken], "a table is read, and it describes pictures")
    found.taken.clear()
    part = _whole(found, main, bundle)
    _note_left(part.rows, found)
    if isinstance(part.rows, ArraysSource):
        return part.rows
    return TableSource(part.rows, _place(bundle, part), limits=bundle.limits)


def _place(bundle: Bundle, part: Part) -> Place:
    """The place of the table; shards name their images from the root, a single table relative to its folder."""
    known = [name for _, name in bundle.files.numbered if name == part.name]
    first = known[0] if known else bundle.files.numbered[0][1]
    name = bundle.name
    if bundle.kind == "files":
        name = PurePosixPath(part.name.split(", ")[0]).name
    return Place(
        bundle.kind, name, bundle.opener(first), bundle.files, part.name if known else "", whole=True
    )


# --- pictures ---------------------------------------------------------------------------------------------


def _with_pictures(found: Roles, files: AbstractFiles, pictures: Sequence[str]) -> list[Part] | None:
    """The tables to read with images: those that name them, else a larger one; None to read images alone."""
    known = set(pictures)
    for group in found.tables:
        if any(names_pictures(part, files, known) for part in group):
            return group
    for group in found.tables:
        if column := naming_column(group[0].rows, pictures):
            return [Part(part.name, PictureNames(part.rows, column, pictures)) for part in group]
    tables = (group for group in found.tables if not group[0].name.lower().endswith(".json"))
    return next((group for group in tables if sum(map(count_of, group)) > len(pictures)), None)


def _pictures(bundle: Bundle, found: Roles, beside: Beside) -> PicturesSource:
    source = PicturesSource(bundle.files, kind=bundle.kind, name=bundle.name, limits=bundle.limits)
    source.about = [beside, *found.about]
    left = {part.name: "no picture is named in it" for group in found.tables for part in group}
    left |= {part.name: "no table says which vector belongs to which picture" for part in found.vectors}
    found.left |= left | dict.fromkeys(found.lines, "no picture has its name")
    source.aside = beside.used | set(found.left) | set(found.taken) | found.unread
    _note_left(source, found)
    return source


# --- tables and vectors -----------------------------------------------------------------------------------


def _whole(found: Roles, main: list[Part] | None, bundle: Bundle) -> Part:
    """The tables to read, joined with their vectors; the others are left out."""
    groups, files = [main] if main else found.tables, bundle.files
    if found.vectors:
        return _with_vectors(found, groups, bundle)
    if not groups:
        raise found.errors[0] if len(found.errors) == 1 else _nothing_in(bundle)
    first, *others = groups if main else _best_first(groups, files)
    part, used = _one(first, files), [first]
    if not _has_vectors(first):
        for group in others:
            if _has_vectors(group) and (joined := _fitting(part, _one(group, files))):
                part, used = joined, [first, group]
                break
    _leave_others(found, used)
    return part


def _best_first(groups: list[list[Part]], files: AbstractFiles) -> list[list[Part]]:
    """The groups, most likely first; one with vectors comes first if it is larger and no other belongs to it."""
    plain = [group for group in groups if not _has_vectors(group)]
    given = [group for group in groups if _has_vectors(group)]
    if not plain or not given:
        return groups
    for group in plain:
        if any(_fitting(_one(group, files), _one(each, files)) for each in given):
            return [group, *(each for each in groups if each is not group)]
    larger = max(groups[:1] + given, key=lambda group: sum(map(count_of, group)))
    return [larger, *(each for each in groups if each is not larger)]


def _has_vectors(group: Sequence[Part]) -> bool:
    return any(column.type == "vector" for part in group for column in part.rows.columns)


def _with_vectors(found: Roles, groups: list[list[Part]], bundle: Bundle) -> Part:
    """Arrays joined with matching rows of a table or of text files, or alone if only JSON files do not match."""
    vectors = _one(found.vectors, bundle.files)
    lines = None if groups else _side_by_side(found.lines, bundle)
    items = [(_one(group, bundle.files), group) for group in groups] + ([(lines, [])] if lines else [])
    for part, group in items:
        if joined := _fitting(part, vectors):
            _leave_others(found, [group])
            return joined
    must = next((part for part, group in items if not part.name.lower().endswith(".json")), None)
    if must is not None:
        return Part(must.name, Joined(must, vectors))  # an `InputError` with both counts
    _leave_others(found, [])
    return vectors


def _fitting(items: Part, vectors: Part) -> Part | None:
    """Items joined with vectors if they share ids or have equally many rows, else None."""
    items = _without_header(items, vectors)
    found = match(items, vectors)
    if not found.by_id and found.items != found.vectors:
        return None
    return Part(items.name, Joined(items, vectors))


def _without_header(items: Part, vectors: Part) -> Part:
    """The items, including the first line if there are as many lines as vectors, as TensorBoard writes them."""
    table = items.rows
    if not isinstance(table, CsvTable) or count_of(items) == count_of(vectors):
        return items
    if len(table.header) == 1:
        words = Part(items.name, WordLines(table.opener, name=items.name, limits=table.limits))
        return words if count_of(words) == count_of(vectors) else items
    is_row = any(cell.replace(".", "", 1).lstrip("+-").isdecimal() for cell in table.header)
    if is_row and count_of(items) + 1 == count_of(vectors):
        return Part(items.name, HeaderlessTable(table))
    return items


def _leave_others(found: Roles, used: Sequence[list[Part]]) -> None:
    names = [part.name for group in used for part in group]
    read = listed(names) or "another file"
    known = [{column.name for column in group[0].rows.columns} for group in used if group]
    for group in found.tables:
        if group[0].name not in names:
            columns = [column.name for column in group[0].rows.columns]
            other = f"has other columns ({', '.join(columns[:6])})"
            reason = f"{read} is read; it {'has the same columns' if set(columns) in known else other}"
            found.left |= {part.name: reason for part in group}
    if used and any(used):
        found.left |= dict.fromkeys(found.lines, f"{read} is read")


def _side_by_side(names: Sequence[str], bundle: Bundle) -> Part | None:
    """Text files whose lines match the vectors one by one, as one column per file."""
    parts = [Part(name, WordLines(bundle.opener(name), name=name, limits=bundle.limits)) for name in names]
    if len(parts) < 2:
        return parts[0] if parts else None
    return Part(listed(names), SideBySide(parts))


def _nothing_in(bundle: Bundle) -> InputError:
    names = [inner for _, inner in bundle.files.numbered]
    reasons = "; ".join(f"{refusal.id} {refusal.reason}" for refusal in bundle.files.refusals[:3])
    found = f"it holds {listed(names)}" if names else "it holds nothing that can be read"
    return InputError(
        f"{bundle.name} has no images and no table: {found}{f' ({reasons})' if reasons else ''}.",
        remedy="Add image files, or a CSV with the images that it names.",
    )


def _note_left(rows: Rows, found: Roles) -> None:
    for name, what in found.taken.items():
        rows.notes[f"{name} {what}"] += 1
    by_reason: dict[str, list[str]] = {}
    for name, reason in found.left.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        rows.notes[f"{listed(sorted(names))} left out: {reason}"] += 1


def _one(parts: Sequence[Part], files: AbstractFiles) -> Part:
    """Several files combined: shards in sequence, arrays of different names side by side."""
    sets: dict[str, list[Part]] = {}
    for part in parts:
        sets.setdefault(pattern(part.name) if part.name.lower().endswith(ARRAYS) else "", []).append(part)
    each = [_after_another(shards, files) for shards in sets.values()]
    return each[0] if len(each) == 1 else Part(listed([part.name for part in each]), SideBySide(each))


def _after_another(shards: Sequence[Part], files: AbstractFiles) -> Part:
    if len(shards) == 1:
        return shards[0]
    return Part(listed([part.name for part in shards]), Shards(shards, files=files))
