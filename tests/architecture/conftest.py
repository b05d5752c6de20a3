"""The world the guards walk through."""

from __future__ import annotations

import pytest

from tests.factories import Make
from tests.support.world import World, build


@pytest.fixture
def world(make: Make) -> World:
    """A row of everything and somebody of every kind."""
    return build(make)
