"""What the tests of this room share: forms as people fill them, jobs run at once, the outbox read back."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.tenants.identifiers import make_uscc
from app.tenants.models import Region
from tests.factories import Make
from tests.support.pages import LintingClient

NEW_PASSWORD = "a new long password"


@pytest.fixture
def waiting(super_engine: sa.Engine) -> Callable[[], str]:
    """Everything that stands in waiting jobs, as text."""

    def read() -> str:
        with super_engine.connect() as connection:
            return str(connection.execute(sa.text("select task_name, args::text from procrastinate_jobs")).all())

    return read


@pytest.fixture
def mailbox(outbox: Path) -> Callable[[], list[tuple[str, str]]]:
    """The (recipient, body) of everything sent since the test began, oldest first."""
    for path in outbox.glob("*.eml"):
        path.unlink()

    def read() -> list[tuple[str, str]]:
        found = []
        for path in sorted(outbox.glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body()
            assert body is not None
            found.append((str(message["To"]), str(body.get_content()).replace("=\n", "")))
        return found

    return read


def link_in(body: str) -> str:
    """The path of the first link in a message."""
    found = re.search(r"https?://[^/\s]+(/[\w/\-]+)", body)
    assert found, body
    return found[1]


def organisation_form(region: Region, **changes: object) -> dict[str, object]:
    """A registration as an institution fills it in."""
    return {
        "kind": "institution",
        "name": "示例职业培训学校",
        "uscc": make_uscc("130108", 4321, "52"),
        "region_id": str(region.id),
        "contact_name": "示例联系人",
        "contact_phone": "0311-86012345",
        **changes,
    }


def whoami(client: LintingClient) -> int | None:
    """The user id the browser's session speaks for."""
    with client.session_transaction() as session:
        user = session.get("_user_id")
    return int(user.split(":")[0]) if user else None


@pytest.fixture
def browsers(app: Flask) -> Callable[[], LintingClient]:
    """More browsers."""

    def another() -> LintingClient:
        client = app.test_client()
        assert isinstance(client, LintingClient)
        return client

    return another


__all__ = ["NEW_PASSWORD", "Make", "link_in", "organisation_form", "whoami"]
