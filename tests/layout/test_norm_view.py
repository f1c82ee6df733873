"""Views on which the norm can be read off."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.layout.norm_view import norm_view
from qlatent.layout.plane import Plane, plane


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_distance_from_the_centre_is_the_norm(dimensions: int) -> None:
    latents = np.random.default_rng(0).normal(size=(50, 6)) + 2.0
    flat = plane([latents], dimensions=dimensions)
    places = norm_view(latents, flat)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), np.linalg.norm(latents, axis=1), rtol=1e-6)
    drawn = latents @ flat.axes
    cosines = (places * drawn).sum(axis=1) / np.linalg.norm(places, axis=1) / np.linalg.norm(drawn, axis=1)
    np.testing.assert_allclose(cosines, 1.0, rtol=1e-6)


def test_the_last_coordinate_is_the_norm() -> None:
    latents = np.random.default_rng(0).normal(size=(50, 6))
    flat = plane([latents])
    places = norm_view(latents, flat, view="axis")
    np.testing.assert_allclose(places[:, 1], np.linalg.norm(latents, axis=1), rtol=1e-6)
    np.testing.assert_allclose(places[:, 0], latents @ flat.axes[:, 0], rtol=1e-5, atol=1e-6)


def test_a_latent_at_right_angles_to_the_plane_keeps_its_norm() -> None:
    flat = Plane(np.zeros(4), np.eye(4, 2), np.ones(1))
    off = np.array([0.0, 0.0, 4.0, 0.0])  # no projection
    np.testing.assert_allclose(norm_view(np.stack([off, 0.0 * off]), flat), [[4, 0], [0, 0]], atol=1e-6)
    with pytest.raises(InputError, match="no norm view"):
        norm_view(np.eye(4), flat, view="length")
