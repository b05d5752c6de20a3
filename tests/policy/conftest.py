"""What the tests of the policy's pages need."""

from __future__ import annotations

from tests.catalog.conftest import reindex

__all__ = ["reindex"]
