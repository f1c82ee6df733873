"""The registry of heads, encoders, objectives and metrics by name. Torch-free: classes are imported on use.

To add a head, an encoder, an objective or a metric, add a file, a config and a line here. The picker, the form, the
command line, the comparison and the contract tests follow from that line.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from qlatent import spellings
from qlatent.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered name: `target` and `config` are "module:Name"; metrics have no config."""

    name: str
    title: str
    summary: str
    target: str
    config: str
    family: str = ""  # heads: quantum | quantum-inspired (no circuit inside) | classical
    twin: str = ""  # heads: the classical head that differs only in the circuit, or the authors' counterpart
    controls: tuple[str, ...] = ()  # heads: variants with the circuit changed or removed
    better: str = ""  # metrics: higher | lower, or "" (neither)
    within: bool = (
        False  # metrics: measured within each modality, too, since the gap between them weighs in it
    )
    group: str = ""  # heads and objectives: heading in long lists

    @property
    def label(self) -> str:
        """The title after its group, so that a long list is sorted and searched by group."""
        return self.title if self.title.startswith(self.group) else f"{self.group} · {self.title}"


def _table(*entries: Entry) -> dict[str, Entry]:
    return {entry.name: entry for entry in entries}


def _group(name: str, *entries: Entry) -> tuple[Entry, ...]:
    return tuple(dataclasses.replace(entry, group=name) for entry in entries)


HEADS = _table(
    *_group("CLIP-ACQUA",
    Entry("acqua", "CLIP-ACQUA", "Two hybrid autoencoders; a dressed quantum circuit between linear layers.",
          "qlatent.heads.dressed.heads:DressedHead", "qlatent.heads.dressed.configs:AcquaConfig", "quantum",
          "acqua_twin",
          controls=("acqua_twin", "acqua_linear", "acqua_frozen", "acqua_separable", "acqua_fourier")),
    Entry("acqua_twin", "CLIP-ACQUA, classical twin", "CLIP-ACQUA with each circuit replaced by tanh(Linear).",
          "qlatent.heads.dressed.heads:DressedHead", "qlatent.heads.dressed.configs:AcquaTwinConfig", "classical"),
    Entry("acqua_linear", "CLIP-ACQUA, linear", "CLIP-ACQUA with nothing between the linear layers.",
          "qlatent.heads.dressed.heads:DressedHead", "qlatent.heads.dressed.configs:AcquaLinearConfig", "classical"),
    Entry("acqua_frozen", "CLIP-ACQUA, frozen circuit", "CLIP-ACQUA with frozen random circuit weights.",
          "qlatent.heads.dressed.heads:DressedHead", "qlatent.heads.dressed.configs:AcquaFrozenConfig", "quantum",
          "acqua_twin"),
    Entry("acqua_separable", "CLIP-ACQUA, no entanglers", "CLIP-ACQUA without CNOTs.",
          "qlatent.heads.dressed.heads:DressedHead", "qlatent.heads.dressed.configs:AcquaSeparableConfig", "quantum",
          "acqua_twin"),
    Entry("acqua_fourier", "CLIP-ACQUA, Fourier surrogate", "CLIP-ACQUA with random Fourier features for each circuit.",
          "qlatent.heads.dressed.heads:DressedHead", "qlatent.heads.dressed.configs:AcquaFourierConfig", "classical"),
    ),
    *_group("QSSL",
    Entry("qssl", "QSSL", "Quantum self-supervised learning: squashed angles, a ring of RY and CRX, a projection head.",
          "qlatent.heads.representation.heads:RepresentationHead", "qlatent.heads.representation.configs:QSSLConfig",
          "quantum", "qssl_twin", controls=("qssl_twin", "qssl_linear", "qssl_frozen", "qssl_separable")),
    Entry("qssl_twin", "QSSL, classical twin", "QSSL with the circuit replaced by two layers of Linear and LeakyReLU.",
          "qlatent.heads.representation.heads:RepresentationHead",
          "qlatent.heads.representation.configs:QSSLTwinConfig", "classical"),
    Entry("qssl_linear", "QSSL, linear", "QSSL with the circuit replaced by one linear layer.",
          "qlatent.heads.representation.heads:RepresentationHead",
          "qlatent.heads.representation.configs:QSSLLinearConfig", "classical"),
    Entry("qssl_frozen", "QSSL, frozen circuit", "QSSL with frozen random circuit weights.",
          "qlatent.heads.representation.heads:RepresentationHead",
          "qlatent.heads.representation.configs:QSSLFrozenConfig", "quantum", "qssl_twin"),
    Entry("qssl_separable", "QSSL, no entanglers", "QSSL with every CRX replaced by an RX on its target.",
          "qlatent.heads.representation.heads:RepresentationHead",
          "qlatent.heads.representation.configs:QSSLSeparableConfig", "quantum", "qssl_twin"),
    ),
    *_group("Baseline",
    Entry("mlp", "MLP", "A hidden layer, with as many weights as CLIP-ACQUA has.",
          "qlatent.heads.baselines.heads:MLPHead", "qlatent.heads.baselines.configs:MLPConfig", "classical"),
    Entry("pca", "PCA", "Principal axes of the training vectors; nothing is trained.",
          "qlatent.heads.baselines.heads:PCAHead", "qlatent.heads.baselines.configs:PCAConfig", "classical"),
    Entry("pca_whitened", "PCA, whitened", "Principal axes, each divided by the deviation along it.",
          "qlatent.heads.baselines.heads:PCAHead", "qlatent.heads.baselines.configs:WhitenedPCAConfig", "classical"),
    Entry("random_projection", "Random projection", "A Gaussian random matrix; nothing is trained.",
          "qlatent.heads.baselines.heads:RandomProjectionHead",
          "qlatent.heads.baselines.configs:RandomProjectionConfig", "classical"),
    Entry("truncation", "Truncation", "The first coordinates of the vectors, or random ones.",
          "qlatent.heads.baselines.heads:TruncationHead", "qlatent.heads.baselines.configs:TruncationConfig",
          "classical"),
    Entry("identity", "Full dimension", "The vectors themselves, uncompressed: the ceiling.",
          "qlatent.heads.baselines.heads:IdentityHead", "qlatent.heads.baselines.configs:IdentityConfig", "classical"),
    ),
    *_group("Projection",
    Entry("qbec", "QBEC", "Bloch encoding, pairwise merges of qubits, fidelity; quantum-inspired projection.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:QBECConfig", "quantum-inspired", "bec"),
    Entry("bec", "BEC", "tanh of a dense linear layer, cosine: QBEC's classical counterpart in the paper.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:BECConfig", "classical"),
    Entry("linear_fidelity", "Linear + fidelity",
          "A dense linear layer with QBEC's fidelity: the control for its similarity.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:LinearFidelityConfig", "classical"),
    Entry("merge_cosine", "Merge + cosine", "QBEC's merges compared by cosine: the control for its head.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:MergeCosineConfig", "quantum-inspired", "bec"),
    Entry("merge_cnot", "QBEC with CNOT", "Merges with a CNOT in place of the controlled general gate, fidelity.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:MergeCNOTConfig", "quantum-inspired", "bec"),
    Entry("grouped_linear", "Grouped linear", "tanh of a linear layer as sparse as the merges, cosine; d + k weights.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:GroupedLinearConfig", "classical"),
    Entry("qbfec", "QBFEC", "QBEC as published for frozen encoders: unit length before tanh.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:QBFECConfig", "quantum-inspired", "bfec"),
    Entry("bfec", "BFEC", "BEC under its name for frozen encoders.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:BFECConfig", "classical"),
    Entry("qbt", "QBT", "Bloch encoding of the vectors themselves, fidelity; nothing is trained.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:QBTConfig", "classical"),
    Entry("bt", "BT", "tanh of the vectors themselves, cosine; nothing is trained.",
          "qlatent.heads.projection.heads:ProjectionHead",
          "qlatent.heads.projection.configs:BTConfig", "classical"),
    ),
)  # fmt: skip

ENCODERS = _table(
    Entry("builtin", "Built-in tiny CLIP", "Works offline; trained on drawn listings only. 512-d.",
          "qlatent.encoders.builtin:BuiltinEncoder", "qlatent.encoders.configs:BuiltinConfig"),
    Entry("clip", "CLIP (open_clip)", "Any open_clip architecture and weights, or a local safetensors checkpoint.",
          "qlatent.encoders.clip:ClipEncoder", "qlatent.encoders.configs:ClipConfig"),
    Entry("text", "Text (transformers)", "Any transformers encoder, mean-pooled; hub id or local folder.",
          "qlatent.encoders.text:TextEncoder", "qlatent.encoders.configs:TextConfig"),
)  # fmt: skip

OBJECTIVES = _table(
    *_group("Reconstruction",
    Entry("acqua", "Reconstruction + pair distance", "Loss of CLIP-ACQUA.",
          "qlatent.objectives.acqua:AcquaObjective", "qlatent.objectives.configs:AcquaObjectiveConfig"),
    Entry("acqua_all_pairs", "Reconstruction + distance of all pairs", "CLIP-ACQUA's loss over all pairs of a batch.",
          "qlatent.objectives.acqua:AcquaObjective", "qlatent.objectives.configs:AcquaAllPairsConfig"),
    ),
    *_group("Geometry",
    Entry("distance_correlation", "Distance correlation", "1 − Pearson correlation of all distances before and after.",
          "qlatent.objectives.geometry:DistanceCorrelation",
          "qlatent.objectives.configs:DistanceCorrelationConfig"),
    Entry("stress", "Stress", "Deviation of all pair distances, up to one common factor.",
          "qlatent.objectives.geometry:Stress", "qlatent.objectives.configs:StressConfig"),
    Entry("neighbours", "Neighbours", "Cross-entropy between neighbour distributions, as in SNE.",
          "qlatent.objectives.geometry:Neighbours", "qlatent.objectives.configs:NeighboursConfig"),
    ),
    *_group("Contrast",
    Entry("ntxent", "NT-Xent", "Two views of an item (image and text, or noisy copies) attract, all others repel.",
          "qlatent.objectives.contrast:NTXent", "qlatent.objectives.configs:NTXentConfig"),
    Entry("contrast", "Image–text contrast", "CLIP's own loss: each image finds its text, and the reverse.",
          "qlatent.objectives.contrast:Contrast", "qlatent.objectives.configs:ContrastConfig"),
    Entry("ranking", "Ranking", "Each item finds its partner in the batch by the head's own similarity.",
          "qlatent.objectives.ranking:Ranking", "qlatent.objectives.configs:RankingConfig"),
    ),
)  # fmt: skip

METRICS = _table(
    Entry("trustworthiness", "Trustworthiness@10",
          "How few neighbours after compression are false; 1 is perfect, 0.5 about random.",
          "qlatent.metrics.geometry.neighbourhoods:trustworthiness", "", better="higher", within=True),
    Entry("continuity", "Continuity@10",
          "How few neighbours were lost; 1 is perfect, 0.5 about random.",
          "qlatent.metrics.geometry.neighbourhoods:continuity", "", better="higher", within=True),
    Entry("neighbour_overlap", "kNN overlap@10",
          "Share of the 10 nearest neighbours that stay among them; chance is 10 / (n − 1).",
          "qlatent.metrics.geometry.neighbourhoods:neighbour_overlap", "", better="higher", within=True),
    Entry("lcmc", "kNN overlap@10 above chance",
          "kNN overlap minus the overlap expected by chance; 0 is random.",
          "qlatent.metrics.geometry.neighbourhoods:lcmc", "", better="higher", within=True),
    Entry("spearman", "Spearman of distances",
          "Rank correlation of all pair distances before and after; −1 to 1.",
          "qlatent.metrics.geometry.correlation:spearman", "", better="higher", within=True),
    Entry("local_spearman", "Spearman, nearest tenth",
          "Rank correlation of distances among the nearest tenth of pairs.",
          "qlatent.metrics.geometry.correlation:local_spearman", "", better="higher", within=True),
    Entry("global_spearman", "Spearman, other pairs",
          "Rank correlation of distances among all other pairs.",
          "qlatent.metrics.geometry.correlation:global_spearman", "", better="higher", within=True),
    Entry("kendall", "Kendall of distances",
          "Kendall's τ of the pair distances of a sample; −1 to 1.",
          "qlatent.metrics.geometry.correlation:kendall", "", better="higher", within=True),
    Entry("stress", "Stress, scale-normalised",
          "Misfit of distances up to one factor; 0 is perfect.",
          "qlatent.metrics.geometry.stress:stress", "", better="lower", within=True),
    Entry("kruskal_stress", "Kruskal stress",
          "Misfit of distances up to a monotone curve; 0 is perfect.",
          "qlatent.metrics.geometry.stress:kruskal_stress", "", better="lower", within=True),
    Entry("co_ranking_auc", "R_NX area, log k",
          "Neighbours kept over all scales, near ones first; 1 is perfect, 0 random.",
          "qlatent.metrics.geometry.coranking:co_ranking_auc", "", better="higher", within=True),
    Entry("gap", "Gap images–texts",
          "Distance between the mean image and the mean text, in units of their mean spread; 0 is none.",
          "qlatent.metrics.geometry.modality_gap:modality_gap", ""),
    Entry("pair_error", "Mean |d_x − d_z|",
          "Matched image and text: distance before against after; 0 is perfect.",
          "qlatent.metrics.geometry.stress:pair_error", "", better="lower"),
    Entry("recall_at_1", "Image–text R@1",
          "Share of items whose partner in the other modality is nearest.",
          "qlatent.metrics.retrieval.partners:recall_at_1", "", better="higher"),
    Entry("recall_at_5", "Image–text R@5",
          "Share whose partner is among the 5 nearest.",
          "qlatent.metrics.retrieval.partners:recall_at_5", "", better="higher"),
    Entry("recall_at_10", "Image–text R@10",
          "Share whose partner is among the 10 nearest.",
          "qlatent.metrics.retrieval.partners:recall_at_10", "", better="higher"),
    Entry("mrr", "Image–text MRR",
          "Mean of 1 / rank of the partner; 1 is perfect.",
          "qlatent.metrics.retrieval.partners:mrr", "", better="higher"),
    Entry("ndcg_at_10", "Image–text NDCG@10",
          "Rank of the partner, discounted; 1 is perfect.",
          "qlatent.metrics.retrieval.partners:ndcg_at_10", "", better="higher"),
    Entry("probe_accuracy", "Linear probe",
          "Accuracy of a logistic regression on the latents; its strength chosen on training rows.",
          "qlatent.metrics.probes.probe:probe_accuracy", "", better="higher"),
    Entry("knn_accuracy", "k-NN probe",
          "Accuracy of the 10 nearest training latents.",
          "qlatent.metrics.probes.probe:knn_accuracy", "", better="higher"),
    Entry("majority_accuracy", "Majority class",
          "Accuracy without looking: what a probe must beat.",
          "qlatent.metrics.probes.probe:majority_accuracy", "", better=""),
    Entry("cka", "CKA, unbiased",
          "Likeness of the linear Gram matrices before and after; 1 is equal.",
          "qlatent.metrics.geometry.spectrum:cka", "", better="higher", within=True),
    Entry("effective_rank", "Effective rank",
          "How many axes the latents use: 1 is collapsed, the dimension is the most.",
          "qlatent.metrics.geometry.spectrum:effective_rank", "", better="", within=True),
    Entry("alignment", "Alignment",
          "Squared distance of image and text on the unit sphere; 0 is perfect.",
          "qlatent.metrics.geometry.spectrum:alignment", "", better=""),
    Entry("uniformity", "Uniformity",
          "How evenly latents cover the unit sphere; lower is more even.",
          "qlatent.metrics.geometry.spectrum:uniformity", "", better="", within=True),
)  # fmt: skip

SCOPES = {"within": "mean of images and texts", "image": "images", "text": "texts"}
TOGETHER = "images and texts together"


def metric_entry(name: str) -> Entry | None:
    """The entry of a metric, also of `<metric>_within`, `<metric>_image` and `<metric>_text`; None if unknown."""
    if name in METRICS:
        return METRICS[name]
    own, _, scope = name.rpartition("_")
    if own not in METRICS or not METRICS[own].within or scope not in SCOPES:
        return None
    found = METRICS[own]
    title = f"{found.title}, {SCOPES[scope]}"
    return dataclasses.replace(found, name=name, title=title, within=False)


TABLES = {"head": HEADS, "encoder": ENCODERS, "objective": OBJECTIVES, "metric": METRICS}


def entry(kind: str, name: str) -> Entry:
    """The entry of a name; an unknown name raises a `ConfigError` with the nearest names."""
    table = TABLES[kind]
    if name not in table:
        raise ConfigError(f"There is no {kind} called {name!r}.", remedy=did_you_mean(name, table))
    return table[name]


def resolve(target: str) -> Any:
    """The object named by "module:Name"."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def config_class(kind: str, name: str) -> type:
    """The frozen config of an entry (a pydantic dataclass); importing it never imports torch."""
    return resolve(entry(kind, name).config)


def head_class(name: str) -> Any:
    """The config class of a head, a `heads.config.HeadConfig`, which declares the head's capabilities."""
    return config_class("head", name)


def respelled(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in the spelling of this config class; two spellings of one setting raise `ConfigError`."""
    known = {field.name for field in dataclasses.fields(cls)}
    return spellings.current("settings", values, known=known)


def make_config(cls: type, values: Mapping[str, Any]) -> Any:
    """A validated config; unknown keys and values out of range raise a `ConfigError` that names the key.

    Old spellings are accepted. Two spellings of one setting raise `ConfigError`.
    """
    known = [field.name for field in dataclasses.fields(cls)]
    values = respelled(cls, values)
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown key {key!r}", remedy=did_you_mean(key, known))
    try:
        return TypeAdapter(cls).validate_python(values)
    except ValidationError as err:
        first = err.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or cls.__name__
        raise ConfigError(f"{name}={first['input']!r}: {first['msg']}.", remedy=f"Change {name}.") from err


def did_you_mean(name: str, known: Any) -> str:
    """A remedy with the nearest known names, or with all of them."""
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return "Known: " + ", ".join(sorted(known)) + "."
