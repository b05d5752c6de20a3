"""The path of an application: at every moment exactly one station is now, unless the path has ended."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.catalog.models import CourseRun
from app.clock import now, today
from app.enroll.models import ACTIVE, Enrollment, EnrollmentState, PapersState
from app.enroll.views.showing import stations
from tests.factories import Make
from tests.support.pages import LintingClient
from tests.support.world import enrollment

STARTS_IN = {"ahead": 10, "under way": -2, "over": -20}


@pytest.mark.parametrize(
    ("state", "papers", "when"), list(itertools.product(EnrollmentState, PapersState, STARTS_IN))
)
def test_exactly_one_station_is_now_while_the_path_goes_on(
    app: Flask, state: EnrollmentState, papers: PapersState, when: str
) -> None:
    starts_on = today() + timedelta(days=STARTS_IN[when])
    run = CourseRun(starts_on=starts_on, ends_on=starts_on + timedelta(days=4), place="示例路")
    applied = Enrollment(
        state=state, papers=papers, created_at=now(), decided_at=now(), offer_expires_at=now(), reason_codes=[]
    )
    with app.test_request_context():
        states = [station["state"] for station in stations(applied, run, 1)]
    assert states.count("now") == (1 if state in ACTIVE else 0)
    assert states.count("stopped") == (0 if state in ACTIVE else 1)
    assert "now" not in states or "done" not in states[states.index("now") :]


def test_a_waiting_learner_with_papers_to_bring_reads_one_now(
    client: LintingClient, make: Make, login: Callable[..., None]
) -> None:
    learner = make.learner()
    run = make.run(seats=1, taken=1)
    waiting = enrollment(make, run, learner, EnrollmentState.WAITING, papers=PapersState.PENDING)
    login(client, learner)
    page = client.get(f"/me/enrollments/{waiting.id}").get_data(as_text=True)
    path = BeautifulSoup(page, "html.parser").select_one("ol.path")
    assert path is not None
    assert path.get_text().count("现在") == 1
    assert len(path.select("[aria-current]")) == 1


def test_a_learner_sees_every_lesson_of_their_class(
    client: LintingClient, make: Make, login: Callable[..., None], enroll: Any
) -> None:
    run = make.run(days=3, hour=14)
    learner = make.learner()
    applied = enroll(run, learner)
    login(client, learner)
    soup = BeautifulSoup(client.get(f"/me/enrollments/{applied.id}").get_data(as_text=True), "html.parser")
    assert ["14:00–17:00" in lesson.get_text() for lesson in soup.select("ol.lessons li")] == [True] * 3
