"""What the tests of enrolling share: jobs run in the test, the answers of a visitor, and a look at rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.catalog.models import CourseRun
from app.enroll.models import Enrollment
from app.tenants.models import User
from tests.factories import Make
from tests.support.pages import LintingClient

UNEMPLOYED = {"situations": "registered_unemployed", "age_band": "16_49", "residence": "hukou"}
VETERAN = {**UNEMPLOYED, "situations": "veteran"}
EMPLOYEE = {**UNEMPLOYED, "situations": "none_of_these"}


@pytest.fixture
def bureau(app: Flask, make: Make, login: Callable[..., None]) -> Any:
    """A browser at the desk of 裕华区's bureau."""
    tenant = make.bureau()
    client = app.test_client()
    login(client, make.member(tenant), tenant)
    return client


@pytest.fixture
def answering(client: LintingClient) -> Callable[[dict[str, str]], None]:
    """Give the client's session answers to the eligibility questions."""

    def answering(answers: dict[str, str]) -> None:
        with client.session_transaction() as session:
            session["answers"] = answers

    return answering


@pytest.fixture
def enroll(app: Flask, make: Make, login: Callable[..., None]) -> Callable[..., Enrollment]:
    """Apply over HTTP as a learner with some answers; gives the enrollment."""

    def enroll(run: CourseRun, learner: User, answers: dict[str, str] | None = UNEMPLOYED) -> Enrollment:
        client: Any = app.test_client()
        login(client, learner)
        with client.session_transaction() as session:
            if answers is not None:
                session["answers"] = answers
        response = client.post(f"/runs/{run.id}/apply")
        assert response.status_code == 303, response.get_data(as_text=True)
        make.session.expire_all()
        return make.session.scalars(
            sa.select(Enrollment)
            .where(Enrollment.run_id == run.id, Enrollment.learner_id == learner.id)
            .order_by(Enrollment.id.desc())
            .limit(1)
        ).one()

    return enroll
