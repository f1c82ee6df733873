"""Part of the page Hardware: the other jobs that the way from the exact values to the open job goes by."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.plots.colours import STAGES
from qlatent.services.hardware import results
from qlatent.services.hardware.listing import JobView
from qlatent.services.hardware.results import JobResults
from qlatent.ui.hardware import addresses, unmet
from qlatent.ui.hardware.devices import MITIGATIONS
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count

MOST = len(STAGES) - 1
"""Jobs beside the open one."""
KEY = "hardware_others"


def chosen(view: JobView, views: Sequence[JobView]) -> list[JobView]:
    """The jobs in the order of the arrows, the open one last; draws the choice of the others, if there are any.

    Offered are finished jobs of the same head, dataset and modality. Simulators come first, then twins, then devices.
    """
    spec = view.spec
    alike = {
        each.id: each
        for each in views
        if spec and each.spec and each.id != view.id and each.state == "done"
        and (each.spec.head_id, each.spec.dataset, each.spec.modality) == (spec.head_id, spec.dataset, spec.modality)
    }  # fmt: skip
    asked = [each for each in url_state.get(addresses.OTHER).split(",") if each and each != view.id]
    if not alike:
        _left_out(asked, alike, views)
        return [view]
    st.session_state[KEY] = [each for each in asked if each in alike][:MOST]

    def changed() -> None:
        url_state.put(addresses.OTHER, ",".join(st.session_state[KEY]))

    taken = st.multiselect(
        "Compare with", list(alike), key=KEY, on_change=changed, max_selections=MOST,
        placeholder="Other jobs of this head", format_func=lambda each: _option(alike[each]),
        help="On the map, arrows lead from the exact values over these jobs to the open one: simulators first, then "
        "twins, then devices.",
    )  # fmt: skip
    _left_out(asked, alike, views)
    return [*sorted((alike[each] for each in taken), key=_rank), view]


def _left_out(asked: Sequence[str], alike: Container[str], views: Sequence[JobView]) -> None:
    """Say which of these jobs are not compared, and why."""
    states = {each.id: each.state for each in views}
    for job in asked:
        if job not in states:
            unmet.say("Job", job, "it was removed, or the link comes from another workspace")
        elif job not in alike:
            why = "it is of another head, dataset or modality" if states[job] == "done" else "it is not done"
            unmet.say("Job", job, why)
    for job in [each for each in asked if each in alike][MOST:]:
        unmet.say("Job", job, f"at most {MOST} are compared with the open one")


def names(stages: Sequence[JobView]) -> tuple[str, ...]:
    """A short name of each job: its device, with shots, mitigation and the time of its id where that is not enough."""
    told = [_device(each) for each in stages]
    for more in (_settings, lambda each: each.id[1:16]):
        told = [
            f"{name}, {more(each)}" if told.count(name) > 1 else name
            for name, each in zip(told, stages, strict=True)
        ]
    return tuple(told)


def table(stages: Sequence[JobView], found: Sequence[JobResults]) -> None:
    """The figures of each job on the items that all have, one row a job, in the colours of the arrows."""
    told = _figures(str(page.workspace().path), tuple((each.id, each.job.ended) for each in stages), found)
    figures_of(names(stages), told, key="hardware_steps")


def figures_of(
    called: Sequence[str], told: Sequence[Mapping[str, float]], *, key: str, but: Container[str] = ()
) -> None:
    """A table with the figures of jobs, as `results.path` tells them, without the columns `but`."""
    number = st.column_config.NumberColumn
    columns = {name: each for name, each in results.MEANT.items() if name in told[0] and name not in but}
    rows: dict[str, Any] = {"Arrow to": [[name] for name in called]}
    rows |= {label: [each.get(name, float("nan")) for each in told] for name, (label, _) in columns.items()}
    config: dict[str, Any] = {
        label: number(format="%.3f", help=about, width="small") for label, about in columns.values()
    }
    config["Arrow to"] = st.column_config.MultiselectColumn(
        options=list(called), color=list(STAGES[: len(called)]), width="medium",
        help="In the colour of the arrows that lead to it.",
    )  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=key,
        column_config=config,
        alt="The jobs on the way",
    )


@st.cache_data(max_entries=32, show_spinner="Comparing the jobs…")
def _figures(
    path: str, jobs: tuple[tuple[str, float], ...], _found: Sequence[JobResults]
) -> list[dict[str, float]]:
    return results.path(_found)


def _rank(view: JobView) -> tuple[int, float]:
    spec = view.spec
    if spec is not None and spec.remote:
        return 3, view.run.created
    kind = {"exact": 0, "shots": 1}.get(view.device, 2)
    return kind, view.run.created


def _device(view: JobView) -> str:
    return view.device.removeprefix("twin:fake_") + (" (twin)" if view.device.startswith("twin:") else "")


def _settings(view: JobView) -> str:
    options = view.spec.options if view.spec else None
    if options is None or not options.shots:
        return "exact"
    mitigation = "no mitigation" if options.mitigation == "none" else MITIGATIONS[options.mitigation]
    return f"{options.shots:,} shots, {mitigation}"


def _option(view: JobView) -> str:
    spec = view.spec
    shots = f", {spec.options.shots:,} shots" if spec and spec.options.shots else ""
    return f"{_device(view)}{shots} · {count(len(spec.rows) if spec else 0, 'item')} · {view.id}"
