"""Draws the form of a retrieval evaluation: corpus, queries, judgements and heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from qlatent import registry
from qlatent.services.datasets import browsing
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.experiments import grid
from qlatent.services.heads import kept_heads as kept_heads
from qlatent.services.retrieval import evaluation_runs, searched_heads
from qlatent.services.retrieval.evaluation_runs import Request
from qlatent.services.uploads import temporary
from qlatent.ui.compare.retrieval_names import head_name, plain_name
from qlatent.ui.shell import dataset_cache, forms, page, url_state
from qlatent.ui.shell.formatting import count, encoder_name, literal
from qlatent.ui.shell.uploads import written

DIMS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)
USUAL = 64  # the usual dimension, or the largest one up to half the vector dimension
FIRST = (searched_heads.NONE, "pca", "qbec")
SOURCES = {"labels": "The items, by label", "dataset": "Another dataset", "files": "A file"}
NOTE = (
    "TREC qrels (query, 0, document, gain), three columns (query, document, gain), or pairs of ids in a .csv with a "
    "header."
)


def form() -> None:
    """The form of a new evaluation, with the button that starts it."""
    every = dataset_cache.all_datasets()
    with page.guarded(), st.container(border=True, gap="small"):
        st.subheader("New evaluation", anchor=False)
        left, right = st.columns(2, gap="medium")
        with left:
            dataset = url_state.pick(
                "Corpus", list(every), name="dataset", names=lambda each: every[each].name
            )
            key = _vectors(every[dataset])
            if not key:
                return
            asked, files, lacking = _query_fields(every, dataset, key)
        with right:
            heads = _heads(every[dataset], key)
            against = _against(heads)
            seed = int(st.session_state.get("retrieval_seed", 0))
            name = st.text_input("Name", key="retrieval_name", placeholder="optional", max_chars=80)
        lacking = lacking or ("" if heads else "Choose a head or a dimension")
        if st.button(
            lacking or f"Evaluate {count(len(heads), 'head')}", type="primary", key="retrieval_start",
            icon=":material/play_arrow:", disabled=bool(lacking),
        ):  # fmt: skip
            request = Request(
                dataset, tuple(heads), key, against=against, seed=seed, name=(name or "").strip(), **asked
            )
            _start(request, files)


def _start(request: Request, files: Mapping[str, Any]) -> None:
    """Queue the evaluation with copies of the uploads, and open it."""
    with temporary() as folder:
        paths = {role: _written(file, folder / role) for role, file in files.items()}
        asked = replace(request, files=paths)
        made = evaluation_runs.start(page.workspace(), asked, token=url_state.form_token("retrieval"))
        url_state.form_used("retrieval")
    url_state.put("evaluation", made)
    st.rerun()


def _written(file: Any, folder: Path) -> Path:
    folder.mkdir()
    return written([file], folder)[0]


def _vectors(dataset: DatasetView) -> str:
    """The encoder whose vectors are searched; "" if there is none, with a button that leads to encoding."""
    keys = list(dict.fromkeys(each["key"] for each in dataset.encoders if each["encoded"]))
    if not keys:
        st.info("These items have no vectors yet.", icon=":material/info:")
        if st.button("Encode them", type="primary", key="retrieval_encode", icon=":material/arrow_forward:"):
            url_state.go("data", dataset=dataset.id)
        return ""
    return url_state.pick("Vectors", keys, name="encoder", names=partial(encoder_name, among=keys))


def _query_fields(
    every: Mapping[str, DatasetView], dataset: str, key: str
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Fields of the request, uploads by role, and a message about what is missing ("" if nothing is)."""
    askers = _askers(dataset)
    source = st.segmented_control(
        "Queries", list(SOURCES), default="labels" if askers else "files", required=True,
        key=f"retrieval_source_{dataset}", format_func=lambda each: SOURCES[each],
    )  # fmt: skip
    if source == "labels":
        return {}, {}, _labels(askers)
    asked: dict[str, Any] = {}
    files: dict[str, Any] = {}
    lacking = ""
    if source == "dataset":
        have = [
            each.id
            for each in every.values()
            if any(one["key"] == key and one["encoded"] for one in each.encoders)
        ]
        asked["queries"] = st.selectbox(
            "Dataset with queries", have, key="retrieval_queries", format_func=lambda each: every[each].name,
            help="It needs vectors of the same encoder. It may be the corpus itself; an item is never retrieved for "
            "itself.",
        )  # fmt: skip
    else:
        files["queries"] = st.file_uploader(
            "Queries", type=["tsv", "csv", "txt", "jsonl", "gz"], key="retrieval_queries_file",
            help="One id and text per line: TSV, CSV or JSON lines, optionally gzipped.",
        )  # fmt: skip
        lacking = "" if files["queries"] else "Add queries"
    files["judgements"] = st.file_uploader(
        "Judgements", type=["tsv", "csv", "txt", "qrels", "gz"], key="retrieval_judgements", help=NOTE
    )
    lacking = lacking or ("" if files["judgements"] else "Add judgements")
    with st.expander(
        "Re-rank the candidates of a run", icon=":material/low_priority:", key="retrieval_again"
    ):
        files["run"] = st.file_uploader(
            "Run", type=["tsv", "csv", "txt", "run", "trec", "gz"], key="retrieval_run",
            help="TREC (query, Q0, document, rank, score, tag), or query, document, rank, score. Only the run's "
            "documents are ranked; without a run, the whole corpus is.",
        )  # fmt: skip
    if source == "files":
        asked |= _encoder(key)
        lacking = "Choose other queries" if "encoder" not in asked else lacking
    return asked, {role: file for role, file in files.items() if file}, lacking


def _askers(dataset: str) -> int:
    """The number of items that share their label with another item, cached per state of the dataset."""
    workspace = page.workspace()
    return _counted(str(workspace.path), dataset, browsing.version(workspace, dataset))


@st.cache_resource(max_entries=16, show_spinner=False)
def _counted(workspace: str, dataset: str, version: int) -> int:
    return evaluation_runs.askers(page.workspace(), dataset)


def _labels(askers: int) -> str:
    if not askers:
        st.info("No two items have the same label. Upload judgements instead.", icon=":material/info:")
        return "Choose other queries"
    st.caption(
        f"{count(askers, 'item')} share a label with another item. Each is a query; the others of its label are "
        "relevant."
    )
    return ""


def _encoder(key: str) -> dict[str, Any]:
    """Name and settings of the encoder for uploaded queries: those of the corpus, if they are known."""
    if key == "given":
        st.info(
            "The corpus was imported with vectors, so uploaded texts cannot be encoded the same way. Use a dataset "
            "as queries.",
            icon=":material/info:",
        )
        return {}
    known = evaluation_runs.encoder_of(page.workspace(), key)
    if known:
        return {"encoder": known[0], "settings": known[1]}
    name = key.rsplit("-", 1)[0]
    if name not in registry.ENCODERS:
        st.info(
            f"The encoder {literal(name)} is not available. Choose another dataset with queries.",
            icon=":material/info:",
        )
        return {}
    config = registry.config_class("encoder", name)
    if name == "builtin":
        return {"encoder": name}
    with st.expander(f"Encoder of the queries: {registry.ENCODERS[name].title}", icon=":material/tune:",
                     expanded=True, key="retrieval_encoder"):  # fmt: skip
        st.caption(
            "Enter the settings that encoded the corpus. No run of this workspace encoded it, so they are unknown."
        )
        return {
            "encoder": name,
            "settings": forms.form(config, list(forms.fields(config)), key=f"retrieval_{name}"),
        }


def _heads(dataset: DatasetView, key: str) -> list[str]:
    """The chosen heads as the service names them: at every dimension, with the settings that apply to each."""
    widths = {each["modality"]: int(each["dim"]) for each in dataset.encoders if each["key"] == key}
    width = widths.get("text") or max(widths.values())  # texts are ranked if there are any
    names = st.multiselect(
        "Heads", [searched_heads.NONE, *_drawn()], default=list(FIRST), key="retrieval_heads", filter_mode="contains",
        format_func=plain_name,
        help="Randomly initialised by the seed, or fitted to the corpus without labels. Find trained heads under "
        "Kept heads.",
    )  # fmt: skip
    dims = [dim for dim in DIMS if dim < width]
    usual = [dim for dim in dims if dim == USUAL or dim <= min(USUAL, width / 2)][-1:]
    chosen = st.pills(
        "Latent dimensions", dims, selection_mode="multi", default=usual, key=f"retrieval_dims_{width}"
    )
    scale = _options(width, [name for name in names if "input_scale" in _keys(name)])
    found = []
    for name in names:
        scaled = f":input_scale={scale:g}" if scale != 1 and "input_scale" in _keys(name) else ""
        key = "" if name == searched_heads.NONE else registry.head_class(name).width_key()
        sizes = [f":{key}={dim}" for dim in chosen or ()] if key else [""]
        found += [f"{name}{size}{scaled}" for size in sizes]
    return [*found, *_kept(key)]


def _drawn() -> list[str]:
    """Heads that are useful without training: random projections, and heads with a closed form."""
    useful = [name for name in registry.HEADS if registry.head_class(name).useful_untrained]
    trained = [name for name in useful if not registry.head_class(name).closed_form]
    return list(dict.fromkeys([*trained, *useful]))


def _keys(name: str) -> set[str]:
    return set() if name == searched_heads.NONE else grid.keys(registry.config_class("head", name))


def _options(width: int, scaled: list[str]) -> float:
    """Draw the options (seed, input scale of heads with tanh); returns the input scale."""
    with st.expander("Options", icon=":material/tune:", key="retrieval_options"):
        st.number_input(
            "Seed", 0, 2**31 - 1, 0, key="retrieval_seed",
            help="Decides random heads, the sample of queries if there are many, and the resampling of queries.",
        )  # fmt: skip
        return float(
            st.number_input(
                "Input scale before tanh", 0.001, 1e6, 1.0, key="retrieval_scale", format="%.4g", disabled=not scaled,
                help=f"For heads with tanh. 1 leaves vectors unchanged; 0.4·√d, here {0.4 * width**0.5:.3g}, scales "
                "unit vectors to the size of raw BERT vectors. Choose a smaller value if tanh saturates.",
            )
        )  # fmt: skip


def _kept(key: str) -> list[str]:
    """The chosen kept heads of the same vectors; draws nothing if there are none."""
    known = {
        f"{grid.KEPT}{each.id}": each.name
        for each in kept_heads.list_heads(page.workspace())
        if each.encoder == key
    }
    if not known:
        return []
    return st.multiselect(
        "Kept heads", list(known), key="retrieval_kept", format_func=lambda each: known[each],
        help="Used without further training. They may have been trained on documents of this corpus.",
    )  # fmt: skip


def _against(heads: list[str]) -> str:
    """The head that all others are compared with; by default the first."""
    if len(heads) < 2:
        return ""
    return st.selectbox("Compare with", heads, key="retrieval_against", format_func=head_name)
