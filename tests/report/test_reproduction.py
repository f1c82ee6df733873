"""The report of the reproduced table: what it says of each difference, and its tables."""

from __future__ import annotations

import pytest

from qlatent.report import reproduction as report
from qlatent.services.experiments import reproduction
from qlatent.services.experiments.reproduction import AS_PUBLISHED, STEPS, VARIANTS
from tests.services.reproduced_rows import rows

TWIN, RING = VARIANTS["classical"], VARIANTS["ring"]


def parts(table: list[reproduction.Row]) -> dict[str, report.Part]:
    """The sections of the report by their headings."""
    return {part.heading: part for part in report.parts(table, command="qlatent reproduce qssl")}


def test_contrasts_that_have_too_few_seeds_are_counted() -> None:
    every = [row for name in VARIANTS for row in rows(name, [0.4, 0.41, 0.42])]
    assert "13 of 13 contrasts (3 against 3 seeds) could not have become significant" in " ".join(
        report.in_words(every, reproduction.contrasts(every))
    )
    told = [line for line in report.accuracy_table(every)[1] if "all-to-all" in line[0].lower()]
    assert [line[-1] for line in told[1:]] == ["42.78 ± 2.17", "43.46 ± 1.68"]


def test_a_difference_that_correction_takes_away_is_called_one_by_its_interval_alone() -> None:
    ring, twin = [0.48, 0.46, 0.47, 0.49, 0.5, 0.51], [0.44, 0.43, 0.45, 0.4, 0.41, 0.42]

    def said(table: list[reproduction.Row]) -> str:
        return report.in_words(table, reproduction.contrasts(table))[0].rpartition("seeds): ")[2]

    assert said(rows("ring", ring) + rows("classical", twin)) == "significant."
    few = said(rows("ring", ring[:3]) + rows("classical", twin[:3]))
    assert few == "the interval excludes 0, but the corrected p is 0.10."
    assert said(rows("ring", ring[:3]) + rows("classical", ring[2::-1])) == "no significant difference."


def test_the_table_of_widths_says_of_how_many_seeds_each_figure_is() -> None:
    narrow = [{**row, "width": 2} for row in rows("ring", [0.3, 0.4])]
    columns, lines = report.width_table(rows("ring", [0.48, 0.46, 0.47]) + rows("classical", [0.4]) + narrow)
    assert columns == ["Variant", "W = 2", "W = 8"]  # and no row of the twin, which has no other width
    assert lines == [["Ring, exact", "35.00 ± 5.00 (2)", "47.00 ± 0.82 (3)"]]


def test_the_answer_gives_ring_and_twin_beside_what_was_published() -> None:
    table = rows("ring", [0.48, 0.46]) + rows("classical", [0.44, 0.45])
    first, last = report.answer(table, reproduction.contrasts(table))
    published = RING.published[-1] - TWIN.published[-1]
    assert f"{RING.title} has 47.0 % accuracy" in first
    assert "44.5 %: +2.5 points" in first
    assert f"published {published:+.1f}" in first
    assert last == "0 of 1 differences are significant after Holm's correction (p < 0.05)."
    controls = report.answer(table + rows("frozen", [0.4]), reproduction.contrasts(table))
    assert f"Other variants: {VARIANTS['frozen'].title} 40.0 %." in controls
    assert report.answer([], []) == [report.NOTHING]


def test_seeds_that_are_not_there_are_counted() -> None:
    [*_, missing] = report.in_words(rows("ring", [0.5]), [])
    assert f"{RING.title} (1 of {RING.seeds})" in missing
    assert f"{TWIN.title} (0 of {TWIN.seeds})" in missing


def test_a_measured_line_has_mean_and_deviation_of_every_step() -> None:
    table = [row for step in STEPS[:2] for row in rows("ring", [0.4, 0.5], step=step)]
    [measured] = [line for line in report.accuracy_table(table)[1] if line[0] == RING.title]
    assert measured == [RING.title, "0", "45.00 ± 5.00", "45.00 ± 5.00", "–", "–", "–", "not measured"]


def test_a_figure_has_a_line_for_each_variant_that_is_through() -> None:
    whole = [row for step in STEPS for row in rows("ring", [0.4, 0.5], step=step)]
    [course] = report.courses(whole + rows("classical", [0.4]))
    assert (course.name, course.published) == (RING.title, RING.published)
    assert course.mean == pytest.approx([45.0] * len(STEPS))
    assert course.deviation == pytest.approx([5.0] * len(STEPS))


def test_contrasts_are_a_table_with_every_p() -> None:
    made = reproduction.Contrast("ring", "classical", 2.5, -0.5, 5.5, 0.1, 0.3, (3, 6))
    columns, [line] = report.contrast_table([made])
    assert line == [RING.title, TWIN.title, "+2.50", "-0.50 to +5.50", "0.100", "0.300", "0.024", "3 and 6"]
    assert len(columns) == len(line)


def test_the_other_protocol_and_confusions_stand_there_where_they_were_measured() -> None:
    honest = rows("ring", [0.48, 0.46]) + rows("classical", [0.44, 0.45])
    loose = [{**row, "protocol": AS_PUBLISHED, "accuracy": row["accuracy"] + 0.1} for row in honest]
    without, with_it = parts(honest), parts(honest + loose)
    assert len(with_it) == len(without) + 1
    tables = [part.table[1] for part in without.values() if part.table and part.table[1]]
    assert [["a", "75.0%", "25.0%"], ["b", "0.0%", "100.0%"]] in tables
