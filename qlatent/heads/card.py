"""Write the model card of a saved head. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qlatent.circuits.drawings.text import draw
from qlatent.heads.figure_titles import titled
from qlatent.registry import HEADS

if TYPE_CHECKING:
    from qlatent.heads.base import AbstractHead


def model_card(head: AbstractHead, facts: Mapping[str, Any]) -> str:
    """The README.md of a head: front matter, summary, usage, settings, parameters, circuit, metrics and `facts`.

    `facts` may hold "encoder", "dataset", "metrics" (name → number) and any other JSON values.
    """
    entry = HEADS[head.name]
    facts = dict(facts)
    metrics = facts.pop("metrics", None) or {}
    parts = [
        _front_matter(head, facts),
        f"# {entry.title}\n\n{entry.summary}",
        _usage(head),
        _table("Settings", asdict(head.config)),
        _table("Parameters", head.parameter_count),
        _circuit(head),
        _table("Metrics", {f"{title} ({name})": value for name, title, value in titled(metrics)}),
        _table("Made with", facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(head: AbstractHead, facts: Mapping[str, Any]) -> str:
    from huggingface_hub import ModelCardData  # here: it takes 0.2 s to load, and only saving needs it

    known: dict[str, Any] = {"encoder": str(facts["encoder"])} if facts.get("encoder") else {}
    data = ModelCardData(
        library_name="qlatent",
        pipeline_tag="feature-extraction",
        tags=["qlatent", head.name, HEADS[head.name].family],
        **known,
    )
    return f"---\n{data.to_yaml()}\n---"


def _usage(head: AbstractHead) -> str:
    example = ", ".join(f'"{name}": {name}_vectors' for name in head.modalities)
    widths = ", ".join(f"{name} (n, {width})" for name, width in head.input_dims.items())
    code = ["import qlatent", "", 'head = qlatent.load("this folder")', f"z = head.transform({{{example}}})"]
    fenced = "\n".join(["```python", *code, "```"])
    return f"Takes {widths}; gives latents (n, {head.latent_dim}).\n\n{fenced}"


def _circuit(head: AbstractHead) -> str:
    if head.circuit is None:
        return ""
    drawing = draw(head.circuit)
    legend = "One for each modality (x: input, w: weight; wire 0 is the leftmost bit)."
    return f"## Circuit\n\n{legend}\n\n```text\n{drawing}\n```"


def _table(title: str, values: Mapping[str, Any]) -> str:
    if not values:
        return ""
    rows = "\n".join(f"| {_cell(key)} | {_cell(value)} |" for key, value in values.items())
    return f"## {title}\n\n| | |\n|---|---|\n{rows}"


def _cell(value: Any) -> str:
    """The value as text, escaped for a Markdown table: names of datasets are untrusted input."""
    text = (
        f"{value:.6g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
    )
    for char, instead in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ("|", "\\|"),
        ("`", "\\`"),
        ("[", "\\["),
        ("\n", " "),
    ):
        text = text.replace(char, instead)
    return text
