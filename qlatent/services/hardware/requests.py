"""Request jobs: which head, items, device and options, checked before anything is queued. Torch-free."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from qlatent import spacing
from qlatent.errors import ConfigError, InputError
from qlatent.hardware.snapshot_list import snapshots
from qlatent.hardware.work import FINAL, RunOptions
from qlatent.registry import did_you_mean, head_class, make_config
from qlatent.services.hardware import budget, listing
from qlatent.services.hardware.job_state import Journal
from qlatent.services.hardware.listing import JobView
from qlatent.services.heads import kept_heads
from qlatent.services.heads.kept_heads import HeadView
from qlatent.services.runs import queue
from qlatent.services.runs.specs import HardwareJob
from qlatent.services.selections import selections
from qlatent.services.selections.definitions import Definition, Ids
from qlatent.services.vectors import stored
from qlatent.settings import settings
from qlatent.store.workspace import Workspace

INCIDENTAL = {"id", "name", "created", "threads", "device", "part_of", "format", "account"}


@dataclass(frozen=True)
class HardwareRequest:
    """A request to execute a head's circuit on a device.

    `head` is an id, a name or a run. "" stands for the default: the head's first modality with vectors, the dataset's
    only encoder or the head's own. `items`: how many of the selected items with a vector, evenly spaced; 0: all.
    """

    head: str
    dataset: str
    device: str
    modality: str = ""
    encoder: str = ""
    items: int = 0
    definition: Definition | None = None  # None: all items of the dataset
    options: RunOptions = field(default_factory=RunOptions)
    recompiled: bool = False
    account: str = ""  # fingerprint of the account that pays
    broker: str = ""  # folder of the process that holds a visitor's key


@dataclass(frozen=True)
class Checked:
    """A request that can be carried out: its spec, and how many selected items it leaves out."""

    spec: HardwareJob
    left_out: int  # without a vector, or with one that is not finite or zero
    unknown: int  # ids that are not in the dataset


def run_options(shots: int, mitigation: str, level: int, seed: int, max_seconds: int = 0) -> RunOptions:
    """The options of a job from a form or a command; a value out of range raises `ConfigError`."""
    given: Any = {"mitigation": mitigation, "optimization_level": level}  # checked by pydantic
    try:
        return RunOptions(shots=shots, seed=seed, max_seconds=max_seconds, **given)
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        raise ConfigError(
            f"{'.'.join(map(str, first['loc']))}={first['input']!r}: {first['msg']}.",
            remedy="Mitigation is none, readout, trex or zne; shots are 0 to 10,000,000; levels are 0 to 3.",
        ) from err


def check(workspace: Workspace, request: HardwareRequest) -> Checked:
    """The request, checked against the workspace; raises `InputError` with a remedy for what cannot work."""
    head = _with_circuit(kept_heads.find(workspace, request.head))
    _check_device(request.device, qubits=_qubits(head))
    record = workspace.catalogue.dataset(request.dataset)
    key = request.encoder or stored.choose(workspace, request.dataset, preferred=head.encoder)
    kept_heads.check_space(head, key)
    modality = _modality(workspace, request, head, key)
    version = workspace.items.version(request.dataset)
    rows, left_out = _usable(workspace, request, key=key, modality=modality)
    spec = HardwareJob(
        name=f"{head.name} on {request.device}, {len(rows):,} of {record.name}", created=time.time(),
        dataset=request.dataset, dataset_version=version, encoder=key, head=head.head, head_id=head.id,
        modality=modality, rows=tuple(rows.tolist()), runs_on=request.device, options=request.options,
        recompiled=request.recompiled, account=request.account, threads=settings().threads,
    )  # fmt: skip
    return Checked(spec, left_out, _unknown(workspace, request))


def start(workspace: Workspace, checked: Checked, *, broker: str = "", token: str = "") -> str:
    """Queue the job and start its worker if there is room; returns its id at once. `token` as in `queue.enqueue`.

    The same job on a remote device that has not ended yet is not paid twice: its id is returned.
    A budget that the account has used up raises `RunError`; the worker checks it again with the estimate.
    """
    if checked.spec.account:
        budget.check(workspace, checked.spec.account, seconds=0.0, now=time.time())
    if there := _under_way(workspace, checked.spec):
        return there
    job = queue.enqueue(workspace, checked.spec, token=token)
    journal = Journal(workspace.catalogue.job_events, job, now=time.time)
    if not journal.state.events:  # else the same request came twice
        told = {"device": checked.spec.runs_on, "items": len(checked.spec.rows)}
        journal.write("created", **told, account=checked.spec.account, broker=broker)
    queue.dispatch(workspace)
    return job


def equal(workspace: Workspace, spec: HardwareJob) -> list[JobView]:
    """The jobs that ask for the same as this one, newest first."""
    wanted = _essence(spec)
    return [each for each in listing.jobs(workspace) if each.spec and _essence(each.spec) == wanted]


def _under_way(workspace: Workspace, spec: HardwareJob) -> str:
    """The id of an equal job on a remote device that has not ended; "" if there is none."""
    going_on = (each.id for each in equal(workspace, spec) if each.state not in FINAL) if spec.remote else ()
    return next(iter(going_on), "")


def _essence(spec: HardwareJob) -> dict[str, Any]:
    """What makes two jobs the same."""
    return {key: value for key, value in spec.document().items() if key not in INCIDENTAL}


def _with_circuit(head: HeadView) -> HeadView:
    if not head_class(head.head).has_circuit:
        raise InputError(
            f"The head {head.name!r} ({head.title}) has no circuit, so a device has nothing to execute.",
            remedy="Choose a head with a circuit, such as one trained as acqua or qssl.",
        )
    return head


def _qubits(head: HeadView) -> int:
    circuit = make_config(head_class(head.head), head.config).circuit()
    assert circuit is not None  # a head with a circuit
    return int(circuit.qubits)


def _check_device(device: str, *, qubits: int) -> None:
    """Refuse names that cannot be devices, and twins that do not exist or are too small; others are asked later."""
    prefix, colon, name = device.partition(":")
    if not prefix or (colon and not name) or any(letter.isspace() for letter in device):
        raise InputError(
            f"{device!r} is no name of a device.",
            remedy="`qlatent hardware devices` lists them: exact, shots, twin:fake_paris, ibm_fez and so on.",
        )
    if prefix != "twin" or not colon:
        return
    known = {each.name: each.qubits for each in snapshots()}
    wanted = f"fake_{name.removeprefix('fake_')}"
    if wanted not in known:
        raise InputError(
            f"There is no snapshot of a device {name!r}.", remedy=did_you_mean(wanted, list(known))
        )
    if known[wanted] < qubits:
        raise InputError(
            f"{name} has {known[wanted]} qubits, and the circuit of this head needs {qubits}.",
            remedy="Choose a larger device, or a head with fewer qubits.",
        )


def _modality(workspace: Workspace, request: HardwareRequest, head: HeadView, key: str) -> str:
    config: Any = make_config(head_class(head.head), head.config)
    there = stored.widths(workspace, request.dataset, key)
    offered = [name for name in config.modalities if name in there]
    if request.modality and request.modality not in offered:
        raise InputError(
            f"The head {head.name!r} and the vectors of {request.dataset!r} have no {request.modality!r} in common.",
            remedy=f"Use {' or '.join(offered)}."
            if offered
            else "Encode the items first, or choose another head.",
        )
    if not offered:
        raise InputError(
            f"{request.dataset!r} has no {' or '.join(config.modalities)} vectors of {key}.",
            remedy=stored.encode_first(request.dataset),
        )
    return request.modality or offered[0]


def _usable(
    workspace: Workspace, request: HardwareRequest, *, key: str, modality: str
) -> tuple[NDArray[np.int64], int]:
    """The rows to execute, and how many selected ones have no usable vector."""
    if request.items < 0:
        raise InputError(f"Got {request.items} items, expected 1 or more, or 0 for all.")
    every = np.arange(workspace.items.count(request.dataset))
    chosen = every
    if request.definition is not None:
        chosen = selections.resolve(workspace, request.dataset, request.definition)
    whole = stored.whole(np.asarray(stored.mapped(workspace, request.dataset, key, modality)[chosen]))
    usable = chosen[whole]
    if not len(usable):
        raise InputError(
            f"None of the {len(chosen):,} selected items has a {modality} vector of {key} that can be used.",
            remedy="Select others, or encode the items first.",
        )
    taken = usable[spacing.evenly(len(usable), request.items)] if request.items else usable
    return taken, int((~whole).sum())


def _unknown(workspace: Workspace, request: HardwareRequest) -> int:
    if not isinstance(request.definition, Ids):
        return 0
    from qlatent.services.selections.columns import rows_of

    return len(rows_of(workspace, request.dataset, list(request.definition.ids))[1])
