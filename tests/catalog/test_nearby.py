"""Places: rings around them, and what is kept of them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.catalog.nearby import RINGS_KM, Spot, distance_km, read_point, rings

CENTRES = {1: (38.05, 114.50), 2: (38.06, 114.52), 3: (38.15, 114.57), 4: (38.25, 114.30), 5: (37.75, 114.77)}


def test_a_degree_of_latitude_is_a_hundred_and_eleven_kilometres() -> None:
    assert distance_km((38.0, 114.5), (39.0, 114.5)) == pytest.approx(111.2, abs=0.1)
    assert distance_km((38.0, 114.5), (38.0, 115.5)) == pytest.approx(87.6, abs=0.2)


def test_rings_go_from_wide_to_narrow_and_each_lies_in_the_one_before() -> None:
    found = rings(38.05, 114.50, CENTRES)
    assert found == ((1, 2, 3, 4), (1, 2, 3), (1, 2))
    assert len(found) == len(RINGS_KM)
    assert all(set(narrow) <= set(wide) for wide, narrow in pairwise(found))


def test_the_nearest_region_lies_in_every_ring_however_far_it_is() -> None:
    assert rings(39.9, 116.4, CENTRES) == ((3,), (3,), (3,))


def test_without_known_centres_nothing_is_near() -> None:
    assert rings(38.05, 114.50, {}) == ()


def test_a_point_is_kept_to_about_a_kilometre() -> None:
    assert read_point("38.041234", "114.478765") == Spot("", 38.04, 114.48)


@pytest.mark.parametrize("latitude", ["", "x", "nan", "inf", "-inf", "91", "1e400"])
def test_what_is_no_point_is_refused(latitude: str) -> None:
    assert read_point(latitude, "114.5") is None
