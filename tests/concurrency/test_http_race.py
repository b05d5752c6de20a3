"""Two hundred signed-in people press the button at once, over HTTP, on real processes."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import sqlalchemy as sa
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from app.enroll.models import LearnerProfile
from app.enroll.services.profiles import id_number_index
from app.tenants.identifiers import make_id_number
from app.tenants.models import User
from tests.concurrency.servers import request, web
from tests.factories import Make
from tests.support.database import Database

SEATS, APPLICANTS = 30, 200
RAW = "0" * 40


def learners(make: Make, number: int) -> list[User]:
    people = [User(display_name=f"学员{n}", password_hash="-") for n in range(number)]
    make.session.add_all(people)
    make.session.flush()
    region_id = make.region().id
    for n, person in enumerate(people):
        id_number = make_id_number("130108", date(1980 + n // 900, 1, 1), n % 900)
        make.session.add(
            LearnerProfile(
                user_id=person.id,
                region_id=region_id,
                name=f"学员{n}",
                id_number=id_number,
                id_number_index=id_number_index(id_number),
                phone="13800000000",
                consent_version="1",
            )
        )
    make.session.commit()
    return people


def cookie(app: Flask, person: User) -> str:
    """The cookie of a signed-in browser, sealed with the server's own key."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = person.get_id()
        session["_fresh"] = True
        session["csrf_token"] = RAW
        session["answers"] = {"situations": "registered_unemployed", "age_band": "16_49"}
    kept = client.get_cookie("jiangtu")
    assert kept is not None
    return f"jiangtu={kept.value}"


def token(app: Flask) -> str:
    return str(URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(RAW))


def test_two_hundred_presses_over_http_take_thirty_seats(
    app: Flask, make: Make, database: Database, tmp_path: Path
) -> None:
    run = make.run(seats=SEATS)
    people = learners(make, APPLICANTS)
    cookies, csrf = [cookie(app, person) for person in people], token(app)
    gate = Barrier(APPLICANTS)

    def press(sent: str) -> tuple[int, str]:
        gate.wait(60)
        return request(port, "POST", f"/runs/{run.id}/apply", cookie=sent, data={"csrf_token": csrf})

    with web(database, tmp_path) as port, ThreadPoolExecutor(APPLICANTS) as pool:
        assert (
            request(port, "POST", f"/runs/{run.id}/apply", cookie=cookies[0], data={"csrf_token": "x"})[0] == 400
        )
        began = time.perf_counter()
        answers = list(pool.map(press, cookies))
        seconds = time.perf_counter() - began
        again = request(port, "POST", f"/runs/{run.id}/apply", cookie=cookies[0], data={"csrf_token": csrf})
    print(f"{APPLICANTS} presses in {seconds:.2f} s, {APPLICANTS / seconds:.0f}/s")

    assert Counter(status for status, _where in answers) == {303: APPLICANTS}
    assert again[1] == answers[0][1]
    states = Counter(
        dict(
            make.session.execute(
                sa.text("select state, count(*) from enrollments where run_id = :run group by state"),
                {"run": run.id},
            ).all()
        )
    )
    assert states == {"applied": SEATS, "waiting": APPLICANTS - SEATS}
    trail = make.session.execute(
        sa.text("select (data->>'place')::int from audit_entries where tag like 'enrollment.%' order by id")
    ).scalars()
    assert list(trail) == [None] * SEATS + list(range(1, APPLICANTS - SEATS + 1))


def test_two_threads_of_one_person_make_one_application(
    app: Flask, make: Make, database: Database, tmp_path: Path
) -> None:
    run, (person,) = make.run(), learners(make, 1)
    sent, csrf = cookie(app, person), token(app)
    gate = Barrier(4)

    def press(_n: int) -> tuple[int, str]:
        gate.wait(60)
        return request(port, "POST", f"/runs/{run.id}/apply", cookie=sent, data={"csrf_token": csrf})

    with web(database, tmp_path) as port, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(press, range(4)))
    assert {status for status, _where in answers} == {303}
    assert len({where for _status, where in answers}) == 1
    assert make.session.execute(sa.text("select count(*) from enrollments")).scalar_one() == 1
