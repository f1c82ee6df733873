"""Part of the page Explore: the items of another dataset on the axes of the first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.errors import InputError, QlatentError
from qlatent.services.datasets import browsing
from qlatent.services.scenes import guests as service
from qlatent.services.scenes import scenes
from qlatent.services.scenes.guests import Guests
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Ids, Lasso
from qlatent.ui.explore import addresses, class_colours, marks, moving_map, point_cards, shown_scene
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.latent_map.point_map import Card, Cards, Classes, PointMap, PointMapEvent, Ramp, classes, ramp
from qlatent.ui.latent_map.point_map.colouring import NO_VALUE
from qlatent.ui.selections import state
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.dataset_cache import all_datasets
from qlatent.ui.shell.formatting import count, literal

SIZES = (
    51,
    119,
)  # the usual size, and 1.8 times as much for guests, so that none is covered by a point of the first
FIXED = "The axes are those of the first dataset; the other one is projected onto them."


@dataclass(frozen=True, eq=False)
class Joined:
    """A map with the guests on it."""

    found: Guests
    name: str  # of the other dataset
    own: str  # of the first

    @property
    def scene(self) -> Scene:
        """The first scene in the units of the common map."""
        return replace(self.found.scene, positions=self.found.positions)


def read(named: Named) -> tuple[Named, Joined | None]:
    """The map with the dataset that the URL adds to it; one that cannot be drawn says why, and can be left out."""
    asked = url_state.get(addresses.WITH)
    if not asked:
        return named, None
    try:
        datasets = all_datasets()
        if asked not in datasets:
            raise InputError(
                f"The dataset {asked!r} in this link does not exist here.",
                remedy="Leave it out, or restore it on the page Data.",
            )
        own = named.scene.source.dataset
        state_of = browsing.version(page.workspace(), asked)
        found = _guests(named.name, asked, state_of, named.scene)
        joined = Joined(found, datasets[asked].name, datasets[own].name if own in datasets else own)
        return replace(named, colours=(shown_scene.DATASET, *named.colours)), joined
    except QlatentError as err:
        parts.error_card(err)
        st.button(
            "Remove the other dataset", key="explore_with_broken", icon=":material/close:", on_click=_leave
        )
        return named, None


@st.cache_resource(max_entries=3, show_spinner="Placing the other dataset…")
def _guests(name: str, dataset: str, version: int, _scene: Scene) -> Guests:
    return service.guests(page.workspace(), _scene, dataset)


def _leave() -> None:
    addresses.forget(addresses.WITH, addresses.WITH_ROW)


def control(named: Named) -> None:
    """Offer datasets with vectors of the same encoder, or leave the one that is shown out."""
    if url_state.get(addresses.WITH):
        st.button("One dataset", key="explore_with_leave", icon=":material/close:", on_click=_leave)
        return
    source = named.scene.source
    fitting = {
        each.id: each.name
        for each in all_datasets().values()
        if each.id != source.dataset
        and any(of["key"] == source.encoder and of["encoded"] for of in each.encoders)
    }
    if not fitting:
        return
    with st.popover("Add a dataset", icon=":material/library_add:", key="explore_with"):
        st.caption(
            f"See where the items of another dataset lie among these. {FIXED} Both have vectors of the same encoder."
        )
        chosen = st.selectbox(
            "Dataset", list(fitting), format_func=fitting.__getitem__, key="explore_with_what"
        )
        if st.button("Add", key="explore_with_add", type="primary", icon=":material/add:"):
            url_state.put(addresses.WITH, chosen)
            url_state.put(addresses.COLOUR, shown_scene.DATASET)
            addresses.forget(addresses.BESIDE)
            st.rerun(scope="fragment")


# --- on the map -------------------------------------------------------------------------------------------


def spec(joined: Joined, shown: Shown, drawn: PointMap) -> PointMap:
    """The map with the guests' points after its own."""
    found, selected = joined.found, inside(joined)
    theirs = np.tile(np.isin(found.rows, selected), len(found.places))
    chosen = None if drawn.selection is None else np.concatenate([drawn.selection, theirs])
    opened = found.point_of(url_state.number(addresses.WITH_ROW))
    colours = class_colours.chosen(_colours(joined, shown, drawn.colours))
    return replace(
        drawn,
        positions=found.positions,
        colours=colours,
        hidden=marks.hidden(colours),
        sizes=np.repeat(np.array(SIZES, dtype=np.uint8), (found.scene.points, found.points)),
        selection=chosen,
        cards=_cards(joined, drawn.cards),
        contours=(),
        camera=moving_map.camera(joined.scene),
        opened=drawn.opened if opened is None else opened,
        axes=found.positions.digest,
    )


def happened(joined: Joined, colours: Ramp | Classes | None, event: PointMapEvent) -> None:
    """Put what a person did on the common map into the URL; a lasso selects items of the first dataset."""
    row = None if event.clicked is None else joined.found.row_of(event.clicked.row)
    if row is not None:
        url_state.put(addresses.TAB, "item")
        url_state.put(addresses.WITH_ROW, row)
        return
    if event.clicked is not None:
        addresses.forget(addresses.WITH_ROW)
    if event.lasso is not None:
        moving_map.lasso(joined.scene, event.lasso)
        return
    moving_map.stands(joined.scene, event)
    plain = replace(event, frame=None, camera=None)
    moving_map.happened(joined.found.scene, plain, colours=colours)


def _colours(joined: Joined, shown: Shown, own: Ramp | Classes | None) -> Ramp | Classes | None:
    """Dataset, label and norm tell the guests, too; by all else they have no value."""
    found = joined.found
    if shown.colour == shown_scene.DATASET:
        names = [joined.own] * found.scene.points + [_other(joined)] * found.points
        return classes(names, label=shown_scene.title(shown_scene.DATASET))
    if isinstance(own, Ramp):
        theirs = (
            _norms(joined, own) if shown.colour == "norm" else np.full(found.points, NO_VALUE, dtype=np.uint8)
        )
        if own.codes.ndim > 1:
            theirs = np.tile(theirs, (len(own.codes), 1))
        return replace(own, codes=np.concatenate([own.codes, theirs], axis=-1))
    if isinstance(own, Classes):
        names = [own.names[code] if code != own.missing else "" for code in own.codes.tolist()]
        labels = list(found.labels) * len(found.places) if shown.colour == "label" else [""] * found.points
        return classes([*names, *labels], label=own.label, top=own.top, help=own.help)
    return own


def _other(joined: Joined) -> str:
    return joined.name if joined.name != joined.own else f"{joined.name} ({joined.found.source.dataset})"


def _norms(joined: Joined, own: Ramp) -> NDArray[np.uint8]:
    found, several = joined.found, len(joined.found.scene.modalities) > 1
    nowhere = np.full(len(found.rows), np.nan)
    parts_of = []
    for name in found.places:
        low, high = found.scene.shown.norm_ranges[name]
        values = found.norms.get(name, nowhere)
        parts_of.append((values - low) / ((high - low) or 1.0) if several else values)
    return ramp(np.concatenate(parts_of), label=own.label, span=(own.low, own.high)).codes


def _cards(joined: Joined, own: Cards | None) -> Cards | None:
    if own is None:
        return None
    found, workspace = joined.found, page.workspace()

    def card(point: int) -> Card:
        row = found.row_of(point)
        return own.card(point) if row is None else point_cards.card(workspace, found.source, row)

    return replace(own, name=f"{own.name} {found.source}", card=card)


# --- beside the map ---------------------------------------------------------------------------------------


def inside(joined: Joined) -> NDArray[np.int64]:
    """The guests' rows inside the lasso that is selected, if it was drawn on this map."""
    try:
        selection = state.current(addresses.PAGE)
    except QlatentError:  # the selection itself says so
        return joined.found.rows[:0]
    return joined.found.inside(selection) if isinstance(selection, Lasso) else joined.found.rows[:0]


def strip(joined: Joined) -> None:
    """Say what of the other dataset is on the map, and offer those inside the lasso."""
    found, rows = joined.found, inside(joined)
    said = f"{count(len(found.rows), 'item')} of {literal(joined.name, limit=60)} on the map"
    said += f", {found.left_out:,} without a vector left out" if found.left_out else ""
    frames = " They are placed by the run's kept head, at its last frame." if found.scene.frames > 1 else ""
    st.caption(
        f"{said}. {FIXED}{frames} Selections and the table cover only {literal(joined.own, limit=60)}."
    )
    if len(rows) and st.button(
        f"Select the {count(len(rows), 'item')} of {literal(joined.name, limit=40)} inside the lasso",
        key="explore_with_select", icon=":material/arrow_forward:",
    ):  # fmt: skip
        items = scenes.items(page.workspace(), found.source, rows.tolist())
        link = links.to_link(Ids(ids=tuple(each["id"] for each in items)))
        url_state.go(
            "explore", dataset=found.source.dataset, run="", explore_encoder=found.source.encoder,
            explore_selection=link, explore_with="", explore_tab="selection",
        )  # fmt: skip
