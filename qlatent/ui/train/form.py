"""The form of a new training run, drawn from the configs of head, objective and training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NoReturn

import streamlit as st

from qlatent import registry
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.training.kinds import images_spec
from qlatent.services.training.request import USUAL, TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.uploads import temporary
from qlatent.ui.shell import dataset_cache, forms, group_choice, page, uploads, url_state
from qlatent.ui.shell.formatting import count, encoder_name, literal
from qlatent.ui.train import pair_choice

FIRST = ("qubits", "depth")
OFTEN = ("epochs", "learning_rate", "seed")
DECIDED = (
    "input_dim",
    "input_dim_text",
    "modalities",
    "seed",
    pair_choice.FIELD,
    group_choice.FIELD,
)  # by the data, or asked for once
SEEN = "train_options_seen"
TRAINING = "qlatent.training.core.configs:TrainingConfig"
SOURCES = {"vectors": "Vectors", "images": "Images", "relevance": "Answers"}
IMAGE_TRAINING = "qlatent.training.images.configs:ImageTrainingConfig"
RANKING_TRAINING = "qlatent.training.retrieval.configs:RankingTrainingConfig"
ANSWERS_OFTEN = ("epochs", "learning_rate", "seed", "unfreeze")
ANSWERS_ENCODER = ("model", "layers", "encoder_rate", "max_length", "accumulate")
USUAL_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
IMAGES_OFTEN = ("steps", "batch_size", "learning_rate", "seed")
IMAGES_DECIDED = (*DECIDED, "shared", "view_count", "view_noise", "view_dropout", "probe_steps")


@page.fragment
def new_run() -> None:
    """What to train on what, and the button that starts it."""
    every = dataset_cache.all_datasets()
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("New run", anchor=False, width="content")
            start = st.container(width="content")  # in sight however long the form is
        dataset = url_state.pick("Dataset", list(every), name="dataset", names=lambda each: every[each].name)
        _show_runs_on(dataset)
        view = every[dataset]
        source = _source(view)
        if source == "images":
            from_images(dataset, start, images=view.rows)
        elif source == "relevance":
            from_answers(dataset, start, view.encoders)
        else:
            _from_vectors(view, start)


def _show_runs_on(dataset: str) -> None:
    """When another dataset is picked its runs are shown beside the form, and no map of the one before."""
    before = st.session_state.get("train_dataset")
    st.session_state["train_dataset"] = dataset
    if before not in (None, dataset):
        st.session_state["train_every_run"] = False
        url_state.put("run", None)
        st.rerun(scope="app")


def _source(view: DatasetView) -> str:
    """What is learned from, of what the dataset has."""
    images = "image" in view.modalities and view.kind != "vectors"
    options = ["vectors", *(["images"] if images else []), "relevance"]
    chosen = st.segmented_control(
        "Learn from", options, default="images" if images and not view.encoders else "vectors", required=True,
        key="train_source", format_func=lambda name: SOURCES[name],
        help="Vectors: stored ones, as they are. Images: a ResNet-18 is trained from scratch under the head, on two "
        "augmented views of each picture. Answers: items learn to find others of their label, or what judgements name.",
    )  # fmt: skip
    return chosen or options[0]


def _from_vectors(view: DatasetView, start: Any) -> None:
    dataset, encoders = view.id, view.encoders
    if view.lost:
        st.error(literal(view.lost, limit=600), title="Its items are lost", icon=":material/error:")
        return
    if not encoders:
        st.info("These items have no vectors yet.", icon=":material/info:")
        if st.button("Encode them", type="primary", key="train_encode", icon=":material/arrow_forward:"):
            url_state.go("data", dataset=dataset)
        return
    key = _encoder(encoders)
    chosen = _often(view, key)
    request = _request(dataset, key, [each["modality"] for each in encoders if each["key"] == key], chosen)
    if _pressed(start):
        _start(request)


def _pressed(place: Any) -> bool:
    """The button that starts the run."""
    return bool(
        place.button("Start training", type="primary", key="train_start", icon=":material/play_arrow:")
    )


def _start(request: TrainingRequest) -> NoReturn:
    """Starts the run and opens it."""
    run = start_training(page.workspace(), request, token=url_state.form_token("train"))
    url_state.form_used("train")
    url_state.put("run", run)
    st.rerun()


def from_images(dataset: str, start: Any, *, images: int) -> None:
    """Head, steps and options of a run on pictures."""
    heads = registry.HEADS
    head = st.selectbox(
        "Head", images_spec.heads(), key="train_images_head", filter_mode="contains",
        format_func=lambda name: heads[name].label,
    )  # fmt: skip
    st.caption(heads[head].summary)
    values = forms.form(registry.config_class("head", head), ("qubits", "layers"), key="train_images")
    training = registry.resolve(IMAGE_TRAINING)
    usual = forms.fields(training)["batch_size"]["default"]
    room = max(2, 2 ** int(math.log2(max(2, images * 0.4))))  # two batches or more of the training images
    given = {"batch_size": room} if room < usual else {}
    values |= forms.form(training, IMAGES_OFTEN, key="train_images", given=given)
    name = (
        st.text_input("Name", key="train_images_name", placeholder="optional", max_chars=80) or ""
    ).strip()
    configs = {
        "Head": registry.config_class("head", head),
        "Loss": registry.config_class("objective", images_spec.OBJECTIVE),
        "Training": training,
    }
    with st.expander("Options", icon=":material/tune:", key="train_images_options"):
        values |= group_choice.column(dataset, key="train_images")
        for tab, config in zip(st.tabs(list(configs)), configs.values(), strict=True):
            with tab:
                left = (*IMAGES_OFTEN, *IMAGES_DECIDED, "qubits", "layers")
                rest = [field for field in forms.fields(config) if field not in left]
                values |= forms.form(config, rest, key="train_images")
    request = TrainingRequest(
        dataset, head=head, objective=images_spec.OBJECTIVE, settings=values, name=name, source="images"
    )
    if _pressed(start):
        _start(request)


def from_answers(dataset: str, start: Any, encoders: list[dict[str, Any]]) -> None:
    """Head, rule and options of a run in which items learn to find their answers."""
    heads = registry.HEADS
    head = st.selectbox(
        "Head", list(heads), index=list(heads).index(USUAL["relevance"][0]), key="train_answers_head",
        filter_mode="contains", format_func=lambda name: heads[name].label,
    )  # fmt: skip
    st.caption(heads[head].summary)
    judged = st.segmented_control(
        "An answer is", ["label", "judged"], default="label", required=True, key="train_answers_rule",
        format_func=lambda name: {"label": "of the same label", "judged": "in judgements"}[name],
    )  # fmt: skip
    file = None
    if judged == "judged":
        file = st.file_uploader(
            "Judgements", key="train_answers_file", type=["tsv", "txt", "csv", "qrels", "jsonl", "gz"],
            help="TREC qrels, or query, document and gain a line, by the ids or the texts of this dataset; gain 0 is a "
            "hard negative. Or the triples that the dataset was imported from: query, positive, negative.",
        )  # fmt: skip
    training = registry.resolve(RANKING_TRAINING)
    values = forms.form(registry.config_class("head", head), FIRST, key="train_answers")
    values |= forms.form(training, ANSWERS_OFTEN, key="train_answers")
    trained = "unfreeze" in values
    key = None
    if trained:
        given = {"model": USUAL_MODEL}
        values |= forms.form(training, ANSWERS_ENCODER, key="train_answers", given=given)
    elif encoders:
        key = _encoder(encoders)
    name = (
        st.text_input("Name", key="train_answers_name", placeholder="optional", max_chars=80) or ""
    ).strip()
    configs = {
        "Head": registry.config_class("head", head),
        "Loss": registry.config_class("objective", USUAL["relevance"][1]),
        "Training": training,
    }
    with st.expander("Options", icon=":material/tune:", key="train_answers_options"):
        values |= group_choice.column(dataset, key="train_answers")
        for tab, config in zip(st.tabs(list(configs)), configs.values(), strict=True):
            with tab:
                left = (*ANSWERS_OFTEN, *ANSWERS_ENCODER, *DECIDED, *FIRST)
                rest = [field for field in forms.fields(config) if field not in left]
                values |= forms.form(config, rest, key="train_answers")
    if not trained and not encoders:
        st.info("These items have no vectors yet; encode them, or train a text model with the head.")
        return
    if judged == "judged" and file is None:
        st.info("Upload the judgements to start.", icon=":material/upload_file:")
        return
    if not _pressed(start):
        return
    with temporary() as folder:
        path = str(uploads.written([file], folder)[0]) if file else ""
        objective = USUAL["relevance"][1]
        _start(TrainingRequest(dataset, key, head, objective, values, name, "relevance", path))


def _encoder(encoders: list[dict[str, Any]]) -> str:
    keys = list(dict.fromkeys(each["key"] for each in encoders))

    def said(key: str) -> str:
        parts = [f"{each['modality']} {each['dim']}-d" for each in encoders if each["key"] == key]
        return f"{encoder_name(key)} ({', '.join(parts)})"

    return url_state.pick("Vectors", keys, name="encoder", names=said)


@dataclass(frozen=True)
class _Chosen:
    """What is asked for in front of the options."""

    head: str
    objective: str
    values: dict[str, Any]
    name: str


def _often(view: DatasetView, key: str) -> _Chosen:
    heads = registry.HEADS
    head = st.selectbox(
        "Head", list(heads), key="train_head", filter_mode="contains", format_func=lambda name: heads[name].label
    )  # fmt: skip
    st.caption(heads[head].summary)
    objective = _objective()
    values = pair_choice.pairs(objective, view, key)
    values |= forms.form(registry.config_class("head", head), FIRST, key="train")
    values |= forms.form(registry.resolve(TRAINING), OFTEN, key="train")
    name = st.text_input("Name", key="train_name", placeholder="optional", max_chars=80)
    return _Chosen(head, objective, values, (name or "").strip())


def _request(dataset: str, key: str, modalities: list[str], chosen: _Chosen) -> TrainingRequest:
    """The options, and with them the whole request."""
    values = dict(chosen.values)
    configs = {
        "Head": registry.config_class("head", chosen.head),
        "Loss": registry.config_class("objective", chosen.objective),
        "Training": registry.resolve(TRAINING),
    }
    options = st.expander("Options", icon=":material/tune:", key="train_options", on_change="rerun")
    if options.open or st.session_state.get(
        SEEN
    ):  # once drawn they stay: a widget left out forgets its value
        st.session_state[SEEN] = True
        with options:
            values |= _modalities(modalities)
            values |= group_choice.column(dataset, key="train")
            for tab, config in zip(st.tabs(list(configs)), configs.values(), strict=True):
                with tab:
                    rest = [name for name in forms.fields(config) if name not in (*FIRST, *OFTEN, *DECIDED)]
                    values |= forms.form(config, rest, key="train")
    return TrainingRequest(dataset, key, chosen.head, chosen.objective, values, chosen.name)


def _objective() -> str:
    objectives = registry.OBJECTIVES
    if len(objectives) == 1:
        return next(iter(objectives))
    return st.selectbox(
        "Loss", list(objectives), key="train_objective", format_func=lambda name: objectives[name].label
    )


def _modalities(have: list[str]) -> dict[str, Any]:
    """Which of the modalities that are there to train on; nothing to say where there is one."""
    if len(have) == 1:
        return {}
    chosen = st.pills(
        "Modalities",
        have,
        selection_mode="multi",
        default=have,
        key="train_modalities",
        help=f"One autoencoder each; the vectors have {count(len(have), 'modality', 'modalities')}.",
    )
    return {"modalities": tuple(chosen)} if chosen and list(chosen) != have else {}
