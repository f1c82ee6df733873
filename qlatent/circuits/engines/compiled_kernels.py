"""Numba kernels for plane rotations of rows, forward and adjoint, vectorised over the batch.

A block holds `lanes` samples as rows (rows, lanes): the real parts of the amplitudes, then the imaginary parts.
Planes, coefficients and the initial state come from `rotations.py` and `compiled.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# allows reordering of sums for vectorisation, but preserves NaN and infinity
_LAWS = {"reassoc", "contract", "arcp", "nsz"}
_compiled = njit(cache=True, nogil=True, fastmath=_LAWS, error_model="numpy")


@_compiled
def turn(state: Any, planes: Any, first: int, last: int, cosine: Any, sine: Any) -> None:
    """Rotates every plane (x, y) by one angle: x ← c·x − s·y, y ← s·x + c·y."""
    lanes = state.shape[1]
    for plane in range(first, last):
        x, y = state[planes[plane, 0]], state[planes[plane, 1]]
        for lane in range(lanes):
            before, other = x[lane], y[lane]
            x[lane] = cosine * before - sine * other
            y[lane] = sine * before + cosine * other


@_compiled
def turn_each(state: Any, planes: Any, first: int, last: int, cosine: Any, sine: Any) -> None:
    """`turn` with an angle for each lane."""
    lanes = state.shape[1]
    for plane in range(first, last):
        x, y = state[planes[plane, 0]], state[planes[plane, 1]]
        for lane in range(lanes):
            before, other = x[lane], y[lane]
            x[lane] = cosine[lane] * before - sine[lane] * other
            y[lane] = sine[lane] * before + cosine[lane] * other


@_compiled
def unturn(
    state: Any, adjoint: Any, planes: Any, first: int, last: int, cosine: Any, sine: Any, slope: Any
) -> None:
    """Inverts a rotation of state and adjoint and adds its derivative ⟨adjoint, ∂state⟩ to `slope` (lanes,)."""
    lanes = state.shape[1]
    for plane in range(first, last):
        row, other = planes[plane, 0], planes[plane, 1]
        x, y, gx, gy = state[row], state[other], adjoint[row], adjoint[other]
        for lane in range(lanes):
            a, b, ga, gb = x[lane], y[lane], gx[lane], gy[lane]
            slope[lane] += gb * a - ga * b
            x[lane] = cosine * a + sine * b
            y[lane] = cosine * b - sine * a
            gx[lane] = cosine * ga + sine * gb
            gy[lane] = cosine * gb - sine * ga


@_compiled
def unturn_each(
    state: Any, adjoint: Any, planes: Any, first: int, last: int, cosine: Any, sine: Any, slope: Any
) -> None:
    """`unturn` with an angle for each lane."""
    lanes = state.shape[1]
    for plane in range(first, last):
        row, other = planes[plane, 0], planes[plane, 1]
        x, y, gx, gy = state[row], state[other], adjoint[row], adjoint[other]
        for lane in range(lanes):
            a, b, ga, gb, c, s = x[lane], y[lane], gx[lane], gy[lane], cosine[lane], sine[lane]
            slope[lane] += gb * a - ga * b
            x[lane] = c * a + s * b
            y[lane] = c * b - s * a
            gx[lane] = c * ga + s * gb
            gy[lane] = c * gb - s * ga


@_compiled
def multiply(state: Any, factors: Any, complex_: bool) -> None:
    """Writes the product state of `factors` (qubits, 2, parts, lanes) to the rows of `state`."""
    rows, lanes = state.shape
    half = rows // 2 if complex_ else rows  # where the imaginary rows begin
    state[0, :] = 1
    if complex_:
        state[half, :] = 0
    for wire in range(factors.shape[0]):
        vector = factors[wire]
        for place in range((1 << wire) - 1, -1, -1):  # from the end, because it works in place
            for lane in range(lanes):
                real = state[place, lane]
                if complex_:
                    imaginary = state[half + place, lane]
                    for bit in range(1, -1, -1):
                        a, b = vector[bit, 0, lane], vector[bit, 1, lane]
                        state[2 * place + bit, lane] = real * a - imaginary * b
                        state[half + 2 * place + bit, lane] = real * b + imaginary * a
                else:
                    state[2 * place + 1, lane] = real * vector[1, 0, lane]
                    state[2 * place, lane] = real * vector[0, 0, lane]


@_compiled
def divide(state: Any, adjoint: Any, factors: Any, slopes: Any, complex_: bool) -> None:
    """The adjoint of `multiply`: `slopes` (qubits, 2, parts, lanes) of the factors; overwrites state and adjoint."""
    rows, lanes = state.shape
    half = rows // 2 if complex_ else rows
    for wire in range(factors.shape[0] - 1, -1, -1):
        multiply(state, factors[:wire], complex_)
        vector, slope = factors[wire], slopes[wire]
        for place in range(1 << wire):
            for lane in range(lanes):
                real = state[place, lane]
                if complex_:
                    imaginary = state[half + place, lane]
                    passed_real = passed_imaginary = state[place, lane] * 0
                    for bit in range(2):
                        g, h = adjoint[2 * place + bit, lane], adjoint[half + 2 * place + bit, lane]
                        a, b = vector[bit, 0, lane], vector[bit, 1, lane]
                        slope[bit, 0, lane] += g * real + h * imaginary
                        slope[bit, 1, lane] += h * real - g * imaginary
                        passed_real += g * a + h * b
                        passed_imaginary += h * a - g * b
                    adjoint[place, lane], adjoint[half + place, lane] = passed_real, passed_imaginary
                else:
                    g, h = adjoint[2 * place, lane], adjoint[2 * place + 1, lane]
                    slope[0, 0, lane] += g * real
                    slope[1, 0, lane] += h * real
                    adjoint[place, lane] = g * vector[0, 0, lane] + h * vector[1, 0, lane]


@_compiled
def observe(state: Any, signs: Any, partners: Any, values: Any) -> None:
    """Writes values (observables, lanes) = Σ sign·row·row[partner]."""
    rows, lanes = state.shape
    for number in range(signs.shape[0]):
        value = values[number]
        value[:] = 0
        for row in range(rows):
            sign, x, y = signs[number, row], state[row], state[partners[number, row]]
            for lane in range(lanes):
                value[lane] += sign * x[lane] * y[lane]


@_compiled
def point(state: Any, signs: Any, partners: Any, gradients: Any, diagonal: bool, adjoint: Any) -> None:
    """Writes adjoint = ∂(gradients · values)/∂state, for gradients (observables, lanes)."""
    rows, lanes = state.shape
    for row in range(rows):
        pulled = adjoint[row]
        pulled[:] = 0
        if diagonal:
            for number in range(signs.shape[0]):
                sign, gradient = 2 * signs[number, row], gradients[number]
                for lane in range(lanes):
                    pulled[lane] += sign * gradient[lane]
            for lane in range(lanes):
                pulled[lane] *= state[row, lane]
        else:
            for number in range(signs.shape[0]):
                sign, gradient, other = (
                    2 * signs[number, row],
                    gradients[number],
                    state[partners[number, row]],
                )
                for lane in range(lanes):
                    pulled[lane] += sign * gradient[lane] * other[lane]


@_compiled
def read_angles(inputs: Any, columns: Any, frequency: Any, first: int, cosine: Any, sine: Any) -> None:
    """Writes cosines and sines (slots, lanes) of the samples from `first`; angles are 0 past the last sample."""
    slots, lanes = cosine.shape
    for slot in range(slots):
        for lane in range(lanes):
            angle = inputs[0, 0] * 0
            if first + lane < len(inputs):
                angle = inputs[first + lane, columns[slot]] * frequency[slot]
            cosine[slot, lane], sine[slot, lane] = np.cos(angle), np.sin(angle)


@_compiled
def load(state: Any, amplitudes: Any, first: int) -> None:
    """Writes a block's rows from real amplitudes (batch, 2^qubits), samples from `first`; 0 past the last sample."""
    state[:] = 0
    for lane in range(min(state.shape[1], len(amplitudes) - first)):
        for place in range(amplitudes.shape[1]):
            state[place, lane] = amplitudes[first + lane, place]


@_compiled
def prepare(factors: Any, start: Any, cosine: Any, sine: Any) -> None:
    """Writes factors (qubits, 2, parts, lanes) from the cosines and sines (slots, lanes) of a block."""
    constants, cosines, sines, slots = start
    for wire in range(factors.shape[0]):
        c, s = cosine[slots[wire]], sine[slots[wire]]
        for bit in range(2):
            for part in range(factors.shape[2]):
                constant = constants[wire, bit, part]
                along, across = cosines[wire, bit, part], sines[wire, bit, part]
                for lane in range(factors.shape[3]):
                    factors[wire, bit, part, lane] = constant + along * c[lane] + across * s[lane]


@_compiled
def rows_of(factors: Any) -> Any:
    """A view of (qubits, 2, parts, lanes) as rows (qubits · 2 · parts, lanes)."""
    qubits, bits, parts, lanes = factors.shape
    return factors.reshape(qubits * bits * parts, lanes)


@_compiled
def open_(factors: Any, planes: Any, first: Any, shared: Any, opening: int) -> None:
    """Applies the first `opening` rotations, which act on single factors, in place."""
    rows = rows_of(factors)
    for number in range(opening):
        turn(rows, planes, first[number], first[number + 1], shared[0, number], shared[1, number])


@_compiled
def pull(pulled: Any, start: Any, cosine: Any, sine: Any, slopes: Any) -> None:
    """The adjoint of `prepare`: adds the slopes of the factors to `slopes` (slots, lanes)."""
    _, cosines, sines, slots = start
    for wire in range(pulled.shape[0]):
        c, s, slope = cosine[slots[wire]], sine[slots[wire]], slopes[slots[wire]]
        for bit in range(2):
            for part in range(pulled.shape[2]):
                along, across = cosines[wire, bit, part], sines[wire, bit, part]
                for lane in range(pulled.shape[3]):
                    slope[lane] += pulled[wire, bit, part, lane] * (across * c[lane] - along * s[lane])


@_compiled
def forward(
    program: Any,
    start: Any,
    given: bool,
    inputs: Any,
    shared: Any,
    slots: Any,
    states: Any,
    values: Any,
    begin: int,
    end: int,
) -> None:
    """Evaluates blocks begin…end: inputs (batch, inputs) → values (batch, observables).

    `program` comes from `rotations.Rotations`; `shared` (2, instructions) holds cosines and sines of the angles shared
    by all samples. `slots` (2, blocks, slots, lanes) and `states` (blocks, rows, lanes) store intermediates for
    `backward`; with a single block nothing is stored. With `given`, inputs are amplitudes.
    """
    opening, planes, first, source, index, signs, partners, _, complex_, columns, frequency = program
    lanes = states.shape[2]
    factors = np.empty((len(start[3]), 2, 2 if complex_ else 1, lanes), states.dtype)
    seen = np.empty((len(signs), lanes), states.dtype)
    for block in range(begin, end):
        place = block if len(states) > 1 else 0
        state, cosine, sine = states[place], slots[0, place], slots[1, place]
        if given:
            load(state, inputs, block * lanes)
        else:
            read_angles(inputs, columns, frequency, block * lanes, cosine, sine)
            prepare(factors, start, cosine, sine)
            open_(factors, planes, first, shared, opening)
            multiply(state, factors, complex_)
        for number in range(opening, len(source)):
            low, high = first[number], first[number + 1]
            if source[number] == 2:
                turn_each(state, planes, low, high, cosine[index[number]], sine[index[number]])
            else:
                turn(state, planes, low, high, shared[0, number], shared[1, number])
        observe(state, signs, partners, seen)
        for lane in range(min(lanes, len(values) - block * lanes)):
            values[block * lanes + lane] = seen[:, lane]


@_compiled
def backward(
    program: Any,
    start: Any,
    given: bool,
    shared: Any,
    slots: Any,
    states: Any,
    gradients: Any,
    of_inputs: Any,
    begin: int,
    end: int,
) -> Any:
    """Adjoint of blocks begin…end: adds gradients by the inputs to `of_inputs` (batch, inputs).

    `gradients` (batch, observables) are those by the values. Returns the gradients by the angles (instructions,),
    summed over samples.
    """
    opening, planes, first, source, index, signs, partners, diagonal, complex_, columns, frequency = program
    lanes = states.shape[2]
    state, adjoint = np.empty_like(states[0]), np.empty_like(states[0])
    factors = np.empty((len(start[3]), 2, 2 if complex_ else 1, lanes), states.dtype)
    pulled, slopes = np.empty_like(factors), np.empty((len(columns), lanes), states.dtype)
    pulling, slope = np.zeros((len(signs), lanes), states.dtype), np.empty(lanes, states.dtype)
    turned = np.zeros(len(source))
    for block in range(begin, end):
        samples = min(lanes, len(gradients) - block * lanes)
        pulling[:] = 0
        for lane in range(samples):
            pulling[:, lane] = gradients[block * lanes + lane]
        state[:], slopes[:], pulled[:] = states[block], 0, 0
        cosine, sine = slots[0, block], slots[1, block]
        point(state, signs, partners, pulling, diagonal, adjoint)
        for number in range(len(source) - 1, opening - 1, -1):
            low, high = first[number], first[number + 1]
            if source[number] == 2:
                slot = index[number]
                unturn_each(state, adjoint, planes, low, high, cosine[slot], sine[slot], slopes[slot])
            else:
                slope[:] = 0
                unturn(state, adjoint, planes, low, high, shared[0, number], shared[1, number], slope)
                turned[number] += slope.sum()
        if given:
            for lane in range(samples):
                for place in range(of_inputs.shape[1]):
                    of_inputs[block * lanes + lane, place] = adjoint[place, lane]
            continue
        prepare(factors, start, cosine, sine)
        open_(factors, planes, first, shared, opening)
        divide(state, adjoint, factors, pulled, complex_)
        factor, pulled_factor = rows_of(factors), rows_of(pulled)
        for number in range(opening - 1, -1, -1):
            slope[:] = 0
            low, high = first[number], first[number + 1]
            unturn(factor, pulled_factor, planes, low, high, shared[0, number], shared[1, number], slope)
            turned[number] += slope.sum()
        pull(pulled, start, cosine, sine, slopes)
        if of_inputs.shape[1]:  # without inputs there is one dummy slot
            for slot in range(len(columns)):
                for lane in range(samples):
                    of_inputs[block * lanes + lane, columns[slot]] += frequency[slot] * slopes[slot, lane]
    return turned


@_compiled
def place_shots(chances: Any, draws: Any, signs: Any, sums: Any) -> None:
    """Maps each draw (batch, shots) in [0, 1) to a state and adds its `signs` (states, words) to `sums` (batch, words).

    `chances` (batch, states) may be unnormalised and are overwritten by their cumulative sums. A guide table gives the
    start of the search for each of `states` equal parts of [0, 1) (Chen and Asau 1974), so a search takes few steps.
    """
    states, words = signs.shape
    begin = np.empty(states, dtype=np.int64)
    for row in range(len(chances)):
        for state in range(1, states):
            chances[row, state] += chances[row, state - 1]
        whole, place = chances[row, states - 1], 0
        for part in range(states):
            while place < states - 1 and chances[row, place] <= whole * part / states:
                place += 1
            begin[part] = place
        for shot in range(draws.shape[1]):
            state = begin[int(draws[row, shot] * states)]
            while state < states - 1 and chances[row, state] <= whole * draws[row, shot]:
                state += 1
            for word in range(words):
                sums[row, word] += signs[state, word]
