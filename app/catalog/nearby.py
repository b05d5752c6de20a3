"""Where somebody is, and which regions lie around it. Pure; the place itself goes no further than the session.

An engine knows no places: a query holds rings of region ids, from the widest to the narrowest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

RINGS_KM = (30, 15, 5)
EARTH_KM = 6371.0
DECIMALS = 2  # a point is kept to about a kilometre

Centres = Mapping[int, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Spot:
    """A county-level unit by its code, or a point in degrees."""

    code: str = ""
    latitude: float = 0.0
    longitude: float = 0.0


def read_point(latitude: str, longitude: str) -> Spot | None:
    """A point as a device says it, kept to about a kilometre; None if it is none."""
    try:
        found = Spot("", round(float(latitude), DECIMALS), round(float(longitude), DECIMALS))
    except ValueError:
        return None
    return found if abs(found.latitude) <= 90 and abs(found.longitude) <= 180 else None


def rings(latitude: float, longitude: float, centres: Centres) -> tuple[tuple[int, ...], ...]:
    """The regions whose centre lies within each of `RINGS_KM`; the nearest lies in all, however far it is."""
    away = {region_id: distance_km((latitude, longitude), centre) for region_id, centre in centres.items()}
    if not away:
        return ()
    nearest = min(away, key=lambda region_id: (away[region_id], region_id))
    return tuple(
        tuple(sorted(region_id for region_id, km in away.items() if km <= most or region_id == nearest))
        for most in RINGS_KM
    )


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The way between two points in degrees, along the ground, in kilometres."""
    (lat1, lon1), (lat2, lon2) = [(radians(lat), radians(lon)) for lat, lon in (one, other)]
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))
