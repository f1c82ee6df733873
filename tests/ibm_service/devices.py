"""The devices of the stand-in: small rings and lines, and one as large as a Heron, each with a calibration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Edge = tuple[int, int]
BASIS = ["cz", "id", "rz", "sx", "x"]
FIRST_CALIBRATION = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
_ONE, _TWO = (
    3e-4,
    4e-3,
)  # errors of gates as the calibration tells them; what is executed has the noise of `noise.py`


@dataclass
class Device:
    """A device that the service lists."""

    name: str
    qubits: int
    edges: list[Edge]
    status: str = "online"  # or "paused", "internal": in maintenance
    queue: int = 0
    retired: bool = False
    calibrations: int = 1  # how often it was calibrated
    readout: tuple[float, float] = (0.02, 0.05)  # of reading 1 for 0, and 0 for 1

    @property
    def directed(self) -> list[list[int]]:
        """The coupling map: each edge both ways."""
        return [list(pair) for a, b in self.edges for pair in ((a, b), (b, a))]

    def listed(self) -> dict[str, Any]:
        """The entry of `GET /backends`."""
        return {
            "name": self.name,
            "qubits": self.qubits,
            "physical_qubits": self.qubits,
            "status": {"name": self.status},
            "queue_length": self.queue,
        }

    def state(self) -> dict[str, Any]:
        """The response of `GET /backends/{name}/status`."""
        online = self.status == "online"
        return {
            "state": online,
            "status": "active" if online else self.status,
            "length_queue": self.queue,
            "backend_version": f"1.0.{self.calibrations}",
        }

    def configuration(self) -> dict[str, Any]:
        """The response of `GET /backends/{name}/configuration`."""
        places: dict[str, list[list[int]]] = {name: [[q] for q in range(self.qubits)] for name in BASIS}
        places["cz"] = self.directed
        return {
            "backend_name": self.name,
            "backend_version": f"1.0.{self.calibrations}",
            "n_qubits": self.qubits,
            "basis_gates": BASIS,
            "gates": [_gate(name, places[name]) for name in BASIS],
            "coupling_map": self.directed,
            "supported_instructions": [*BASIS, "delay", "measure", "reset"],
            "supported_features": ["qasm3"],
            "local": False,
            "simulator": False,
            "conditional": False,
            "open_pulse": False,
            "memory": True,
            "max_shots": 100_000,
            "max_experiments": 300,
            "n_registers": 1,
            "credits_required": True,
            "online_date": "2025-01-01T00:00:00+00:00",
            "description": f"{self.qubits} qubits of a stand-in",
            "processor_type": {"family": "Stand-in", "revision": "1"},
            "dt": 4.0,
            "dtm": 4.0,
            "dynamic_reprate_enabled": True,
            "rep_delay_range": [0.0, 500.0],
            "default_rep_delay": 250.0,
            "meas_map": [list(range(self.qubits))],
            "parallel_compilation": True,
            "timing_constraints": {
                "acquire_alignment": 1,
                "granularity": 1,
                "min_length": 2,
                "pulse_alignment": 1,
            },
        }

    def properties(self, before: str = "") -> dict[str, Any]:
        """The response of `GET /backends/{name}/properties`: of the calibration in force, or of one `before` a time."""
        times = [FIRST_CALIBRATION + timedelta(hours=hours) for hours in range(self.calibrations)]
        known = [time for time in times if not before or time <= datetime.fromisoformat(before)]
        date = (known or times)[-1].isoformat()
        return {
            "backend_name": self.name,
            "backend_version": f"1.0.{self.calibrations}",
            "last_update_date": date,
            "qubits": [_qubit(self.readout, date) for _ in range(self.qubits)],
            "gates": [
                *(_calibrated(gate, [q], _ONE, 24, date) for gate in ("sx", "x") for q in range(self.qubits)),
                *(_calibrated("rz", [q], 0.0, 0, date) for q in range(self.qubits)),
                *(_calibrated("id", [q], _ONE, 24, date) for q in range(self.qubits)),
                *(_calibrated("cz", pair, _TWO, 84, date) for pair in self.directed),
            ],
            "general": [],
        }


def ring(name: str, qubits: int, **more: Any) -> Device:
    """A device whose qubits form a ring."""
    return Device(name, qubits, [(q, (q + 1) % qubits) for q in range(qubits)], **more)


def line(name: str, qubits: int, **more: Any) -> Device:
    """A device whose qubits form a line."""
    return Device(name, qubits, [(q, q + 1) for q in range(qubits - 1)], **more)


def lattice(name: str, rows: int, columns: int, **more: Any) -> Device:
    """A device whose qubits form a square lattice."""
    across = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
    down = [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]
    return Device(name, rows * columns, across + down, **more)


def standard() -> list[Device]:
    """The devices that the service begins with."""
    return [
        ring("test_ring", 12, queue=3),
        line("test_line", 8, queue=1),
        lattice("test_lattice", 12, 12, queue=0),
    ]


def _gate(name: str, places: list[list[int]]) -> dict[str, Any]:
    angles = ["theta"] if name == "rz" else []
    return {
        "name": name,
        "parameters": angles,
        "qasm_def": f"gate {name} q {{ }}",
        "coupling_map": places,
    }


def _qubit(readout: tuple[float, float], date: str) -> list[dict[str, Any]]:
    one_for_zero, zero_for_one = readout
    values = [
        ("T1", "us", 200.0),
        ("T2", "us", 150.0),
        ("readout_error", "", sum(readout) / 2),
        ("prob_meas0_prep1", "", zero_for_one),
        ("prob_meas1_prep0", "", one_for_zero),
        ("readout_length", "ns", 1500),
    ]
    return [{"date": date, "name": name, "unit": unit, "value": value} for name, unit, value in values]


def _calibrated(gate: str, qubits: list[int], error: float, length: int, date: str) -> dict[str, Any]:
    return {
        "qubits": qubits,
        "gate": gate,
        "name": gate + "_".join(map(str, qubits)),
        "parameters": [
            {"date": date, "name": "gate_error", "unit": "", "value": error},
            {"date": date, "name": "gate_length", "unit": "ns", "value": length},
        ],
    }
