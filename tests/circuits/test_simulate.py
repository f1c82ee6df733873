from __future__ import annotations

import numpy as np
import pytest
import torch

from qlatent.circuits import layouts, simulate
from qlatent.circuits.bridges import to_pennylane
from qlatent.circuits.circuit import Circuit, Operation, constant, input_, weight
from qlatent.errors import CircuitError
from tests.circuits import exported
from tests.circuits.reference import dense_expectations, pennylane_expectations

LAYOUTS = [
    layouts.dressed(2, 1),
    layouts.dressed(4, 6),
    layouts.dressed(5, 3, order="rotate_first"),
    layouts.dressed(7, 2),  # beyond the dense unitary
    layouts.qssl_ring(1, 1),
    layouts.qssl_ring(4, 2),
    layouts.qssl_ring(7, 1),
    layouts.product(3, 2),
]

ASYMMETRIC = Circuit(
    3,
    (
        Operation("RY", (0,), (input_(0),)),
        Operation("H", (2,)),
        Operation("RX", (2,), (input_(1),)),
        Operation("RZ", (2,), (constant(0.4),)),
        Operation("CNOT", (0, 2)),
        Operation("CRZ", (2, 0), (weight(1),)),
        Operation("Y", (1,)),
        Operation("CRY", (1, 0), (weight(0),)),
        Operation("SWAP", (2, 1)),
        Operation("RX", (1,), (input_(0),)),  # the same input again, after entangling
        Operation("CZ", (1, 2)),
        Operation("CRX", (2, 1), (input_(1),)),
        Operation("RZ", (0,), (weight(1),)),  # the same weight again
        Operation("X", (0,)),
        Operation("H", (0,)),
        Operation("Z", (2,)),
    ),
    ((("Z", 0),), (("Z", 1),), (("Z", 2),), (("X", 0), ("Y", 2)), (("Y", 1),), (("Z", 0), ("Z", 2))),
)
"""A circuit with every gate, unordered wires, repeated inputs and weights, and all kinds of observables."""

BIG_ASYMMETRIC = Circuit(
    7,
    (
        *(Operation("RY", (wire,), (input_(wire),)) for wire in range(7)),
        Operation("CNOT", (6, 0)),
        Operation("RX", (3,), (weight(0),)),
        Operation("CZ", (3, 5)),
        Operation("RZ", (5,), (weight(1),)),
        Operation("H", (5,)),
        Operation("SWAP", (5, 1)),
        Operation("Y", (1,)),
        Operation("RY", (1,), (weight(2),)),
        Operation("H", (1,)),
        Operation("CNOT", (1, 2)),
        Operation("H", (2,)),
    ),
    ((("Z", 1),), (("Z", 5),), (("Y", 2), ("Z", 0))),
)
"""A circuit with too many wires for a dense unitary: permutations with phases, and a Hadamard as fixed gate."""


@pytest.fixture(params=list(simulate.ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


names = [circuit.name for circuit in LAYOUTS]


def drawn(circuit: Circuit, *, batch: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-4, 4, (batch, circuit.inputs)), rng.uniform(-4, 4, circuit.weights)


@pytest.mark.parametrize("circuit", [*LAYOUTS, ASYMMETRIC, BIG_ASYMMETRIC], ids=[*names, "asymmetric", "big"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-6), (torch.float32, 1e-5)])
def test_agrees_with_pennylane(engine: str, circuit: Circuit, dtype: torch.dtype, tolerance: float) -> None:
    for seed in range(2):
        x, w = drawn(circuit, seed=seed)
        x32, w32 = torch.tensor(x, dtype=dtype), torch.tensor(w, dtype=dtype)
        got = simulate.expectations(circuit, x32, w32, engine=engine)
        assert got.dtype == dtype
        wanted = pennylane_expectations(circuit, x32.double().numpy(), w32.double().numpy())
        np.testing.assert_allclose(got.numpy(), wanted, atol=tolerance)


@pytest.mark.parametrize("circuit", [ASYMMETRIC, layouts.dressed(3, 2), layouts.qssl_ring(3, 2)])
def test_agrees_with_dense_matrices(engine: str, circuit: Circuit) -> None:
    x, w = drawn(circuit)
    got = simulate.expectations(circuit, x, w, engine=engine)
    np.testing.assert_allclose(got.numpy(), dense_expectations(circuit, x, w), atol=1e-12)


def test_wire_0_is_the_leftmost_bit(engine: str) -> None:
    z_words = tuple((("Z", wire),) for wire in range(3))
    flips = Circuit(3, (Operation("X", (0,)), Operation("CNOT", (0, 1))), z_words)
    got = simulate.expectations(flips, torch.zeros(1, 0), torch.zeros(0), engine=engine)
    assert got.tolist() == [[-1.0, -1.0, 1.0]]


def test_h_then_ry_is_minus_sine(engine: str) -> None:
    circuit = Circuit(1, (Operation("H", (0,)), Operation("RY", (0,), (input_(0),))), layouts.each_z(1))
    x = torch.linspace(-6, 6, 101, dtype=torch.float64)[:, None]
    got = simulate.expectations(circuit, x, torch.zeros(0, dtype=torch.float64), engine=engine)
    torch.testing.assert_close(got, -torch.sin(x), atol=1e-14, rtol=0)


@pytest.mark.parametrize(
    "circuit",
    [
        layouts.dressed(3, 2),
        layouts.dressed(7, 1),
        layouts.qssl_ring(3, 1),
        ASYMMETRIC,
        BIG_ASYMMETRIC,
        exported.ASYMMETRIC,
    ],
    ids=["dressed", "halved", "ring", "asymmetric", "big", "every gate"],
)
def test_gradients_are_those_of_finite_differences(engine: str, circuit: Circuit) -> None:
    x, w = (torch.tensor(part, requires_grad=True) for part in drawn(circuit, batch=2))
    assert torch.autograd.gradcheck(lambda a, b: simulate.expectations(circuit, a, b, engine=engine), (x, w))


def test_gradient_of_a_rotation_obeys_the_parameter_shift_rule(engine: str) -> None:
    circuit = layouts.dressed(4, 6)
    x, w = drawn(circuit, batch=1)
    weights = torch.tensor(w, requires_grad=True)
    simulate.expectations(circuit, x, weights, engine=engine).sum().backward()
    for index in range(0, circuit.weights, 5):
        shift = np.eye(circuit.weights)[index] * np.pi / 2
        plus, minus = (pennylane_expectations(circuit, x, w + sign * shift).sum() for sign in (1, -1))
        assert weights.grad is not None
        assert weights.grad[index].item() == pytest.approx((plus - minus) / 2, abs=1e-9)


def test_gradient_is_finite_in_float32_at_the_start_of_training(engine: str) -> None:
    circuit = layouts.dressed(4, 6)
    x, w = torch.zeros(8, 4, requires_grad=True), torch.zeros(24, requires_grad=True)
    simulate.expectations(circuit, x, w, engine=engine).sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()
    assert w.grad is not None and torch.isfinite(w.grad).all()


def test_an_empty_batch_gives_an_empty_result(engine: str) -> None:
    assert simulate.expectations(
        layouts.dressed(4, 2), torch.zeros(0, 4), torch.zeros(8), engine=engine
    ).shape == (0, 4)


def test_the_same_call_gives_the_same_bits(engine: str) -> None:
    circuit = layouts.dressed(4, 6)
    x, w = (torch.tensor(part, dtype=torch.float32) for part in drawn(circuit, batch=64))
    first, second = (simulate.expectations(circuit, x, w, engine=engine) for _ in range(2))
    assert torch.equal(first, second)


def test_numpy_arrays_and_whole_numbers_are_accepted(engine: str) -> None:
    circuit = layouts.dressed(2, 1)
    got = simulate.expectations(circuit, [[0, 1]], [0, 0], engine=engine)
    torch.testing.assert_close(
        got, simulate.expectations(circuit, torch.tensor([[0.0, 1.0]]), torch.zeros(2), engine=engine)
    )


CIRCUIT = layouts.dressed(4, 2)


@pytest.mark.parametrize(
    ("inputs", "weights", "message"),
    [
        (torch.zeros(3, 5), torch.zeros(8), r"inputs have shape \(3, 5\), expected \(batch, 4\)"),
        (torch.zeros(4), torch.zeros(8), r"inputs have shape \(4,\), expected \(batch, 4\)"),
        (torch.zeros(3, 4), torch.zeros(2, 4), r"weights have shape \(2, 4\), expected \(8,\)"),
        (
            torch.zeros(3, 4).double(),
            torch.zeros(8),
            r"inputs are torch.float64 .* the weights torch.float32",
        ),
        (torch.zeros(3, 4).to(torch.float8_e5m2), torch.zeros(8), r"inputs have dtype torch.float8_e5m2"),
        (torch.zeros(3, 4).cfloat(), torch.zeros(8), r"inputs are complex"),
        (torch.full((3, 4), torch.nan), torch.zeros(8), r"inputs hold numbers that are not finite"),
        (torch.zeros(3, 4), torch.full((8,), torch.inf), r"weights hold numbers that are not finite"),
    ],
)
def test_invalid_arguments_are_refused(engine: str, inputs: object, weights: object, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        simulate.expectations(CIRCUIT, inputs, weights, engine=engine)


def test_a_single_nan_in_a_large_batch_is_noticed(engine: str) -> None:
    inputs = torch.zeros(1000, 4)
    inputs[777, 3] = torch.nan
    with pytest.raises(CircuitError, match="inputs hold numbers"):
        simulate.expectations(CIRCUIT, inputs, torch.zeros(8), engine=engine)


def test_an_unknown_engine_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(CircuitError, match=r"no engine called 'troch'\. did you mean 'torch'"):
        simulate.expectations(CIRCUIT, torch.zeros(1, 4), torch.zeros(8), engine="troch")


def test_the_automatic_engine_is_compiled_on_the_cpu_and_torch_elsewhere() -> None:
    assert simulate.choose().engine == "compiled"
    assert simulate.choose(device="cuda").engine == "torch"
    assert "on cuda" in simulate.choose(device="cuda").reason
    x, w = torch.rand(3, 4), torch.rand(8)
    automatic = simulate.expectations(CIRCUIT, x, w)
    assert torch.equal(automatic, simulate.expectations(CIRCUIT, x, w, engine="compiled"))


def test_the_compiled_engine_refuses_other_devices() -> None:
    x, w = torch.zeros(3, 4, device="meta"), torch.zeros(8, device="meta")
    with pytest.raises(CircuitError, match="are on meta, and the compiled engine runs on the CPU"):
        simulate.expectations(CIRCUIT, x, w, engine="compiled")


LISTED = [layout(qubits, 2) for layout in layouts.LAYOUTS.values() for qubits in (3, 7)]


@pytest.mark.parametrize("circuit", LISTED, ids=lambda circuit: circuit.name)
def test_every_listed_layout_agrees_with_pennylane_in_value_and_gradient(
    circuit: Circuit, engine: str
) -> None:
    x, w = (torch.tensor(part, requires_grad=True) for part in drawn(circuit, batch=3))
    pulling = torch.tensor(np.random.default_rng(1).normal(size=(3, len(circuit.observables))))
    ours = simulate.expectations(circuit, x, w, engine=engine)
    theirs = torch.stack(to_pennylane.qnode(circuit, interface="torch")(x, w), dim=1)
    torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=0)
    for got, wanted in zip(
        torch.autograd.grad(ours, (x, w), pulling), torch.autograd.grad(theirs, (x, w), pulling), strict=True
    ):
        torch.testing.assert_close(got, wanted, atol=1e-9, rtol=0)


def test_every_gate_agrees_with_pennylane(engine: str) -> None:
    x, w = drawn(exported.ASYMMETRIC)
    got = simulate.expectations(exported.ASYMMETRIC, x, w, engine=engine)
    wanted = to_pennylane.expectations(exported.ASYMMETRIC, x, w)
    np.testing.assert_allclose(got.numpy(), wanted, atol=1e-12)


def test_a_state_needs_a_vector_that_is_not_zero() -> None:
    circuit = layouts.amplitude(2, 1)
    x = torch.eye(4)
    x[2] = 0
    with pytest.raises(CircuitError, match="Sample 2 is a vector of zeros"):
        simulate.expectations(circuit, x, torch.zeros(6))


def test_amplitudes_are_brought_to_norm_1(engine: str) -> None:
    circuit = Circuit(2, (), layouts.each_z(2), encoding="amplitudes")
    rows = torch.tensor([[0.0, 3.0, 0.0, 0.0], [2.0, 0.0, 2.0, 0.0]])
    got = simulate.expectations(circuit, rows, [], engine=engine)
    torch.testing.assert_close(got, torch.tensor([[1.0, -1.0], [0.0, 1.0]]))


@pytest.mark.parametrize("scale", [1e-44, 1e-38, 1e-25, 1e-19, 1e19, 1e20, 3e38])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_amplitudes_of_any_size_are_the_same_state(engine: str, scale: float, dtype: torch.dtype) -> None:
    """Closed form: ⟨Z⟩ of (0.6, 0.8) is −0.28, with the gradient of a normalised vector."""
    z = Circuit(1, (), ((("Z", 0),),), encoding="amplitudes")
    given = (torch.tensor([[0.6, 0.8]], dtype=torch.float64) * scale).to(dtype)
    a, b = given[0].double().tolist()  # rounded to the dtype
    wanted = (a * a - b * b) / (a * a + b * b) if 1e-150 < scale < 1e150 else -0.28
    found = simulate.expectations(z, given.requires_grad_(), torch.zeros(0, dtype=dtype), engine=engine)
    assert found.item() == pytest.approx(wanted, abs=1e-6)
    if scale > 1e-30:
        (slope,) = torch.autograd.grad(found.sum(), given)
        exact = torch.tensor([[4 * a * b * b, -4 * b * a * a]], dtype=torch.float64) / (a * a + b * b) ** 2
        torch.testing.assert_close(slope.double() * scale, exact * scale, atol=1e-5, rtol=1e-5)


def test_leading_axes_of_the_inputs_are_kept(engine: str) -> None:
    inputs, weights = (torch.from_numpy(each) for each in drawn(CIRCUIT, batch=6))
    wanted = simulate.expectations(CIRCUIT, inputs, weights, engine=engine)
    found = simulate.expectations(CIRCUIT, inputs.reshape(2, 3, -1), weights, engine=engine)
    assert torch.equal(found, wanted.reshape(2, 3, -1))
    shots = [
        simulate.estimates(CIRCUIT, rows, weights, shots=5, generator=np.random.default_rng(0))
        for rows in (inputs, inputs.reshape(3, 2, -1))
    ]
    assert torch.equal(shots[0].reshape(3, 2, -1), shots[1])


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_numbers_of_16_bits_are_computed_with_in_32(engine: str, half: torch.dtype) -> None:
    inputs, weights = (torch.from_numpy(each).to(half) for each in drawn(CIRCUIT))
    wanted = simulate.expectations(CIRCUIT, inputs.float(), weights.float(), engine=engine)
    mixed = simulate.expectations(CIRCUIT, inputs, weights.float(), engine=engine)
    assert mixed.dtype == torch.float32 and torch.equal(mixed, wanted)
    both = simulate.expectations(CIRCUIT, inputs, weights, engine=engine)
    assert both.dtype == half and torch.equal(both, wanted.to(half))


def test_autocast_takes_no_digits_away(engine: str) -> None:
    for circuit in (layouts.qssl_ring(4, 1), layouts.dressed(8, 2), layouts.amplitude(3, 1)):
        inputs, weights = (torch.from_numpy(each).float() for each in drawn(circuit))
        wanted = simulate.expectations(circuit, inputs, weights, engine=engine)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(simulate.expectations(circuit, inputs, weights, engine=engine), wanted)
