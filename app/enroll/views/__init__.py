"""Pages of learners, institutions and bureaus."""

from __future__ import annotations
