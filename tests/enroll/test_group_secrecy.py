"""No institution learns anybody's group, by what it sees or by what it does not see (law 8).

Two towns are the same but for who is of which group (`secrecy.Town`); whatever anybody but the learner and the
bureau can get hold of (`watching`) must be the same in both, byte for byte.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs
from app.enroll.services import seats
from app.notifications import outbox_folder
from app.policy import services as policy
from tests.enroll import watching
from tests.enroll.secrecy import Town, send_everyone_through
from tests.factories import Make
from tests.support.database import clean

pytestmark = pytest.mark.xdist_group("group_secrecy")  # the towns are built once
OWNED_SEQUENCES = """
    select s.oid::regclass::text as sequence, t.oid::regclass::text as table, a.attname as column
    from pg_class s join pg_depend d on d.objid = s.oid and d.deptype in ('a', 'i')
    join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
    where s.relkind = 'S' and t.relnamespace = 'public'::regnamespace
"""


@dataclass
class Seen:
    """One town as it was seen: by outsiders, by the bureau, in the logs and in the queue of jobs."""

    found: watching.Found
    bureau: str
    logged: list[str]
    jobs: list[str]
    told: list[str]


def start_numbers_again(engine: sa.Engine) -> None:
    """Let the ids of the next town be those of the first."""
    with engine.begin() as connection:
        for each in connection.execute(sa.text(OWNED_SEQUENCES)).all():
            last = connection.scalar(sa.text(f'select max("{each.column}") from {each.table}'))
            connection.execute(
                sa.text("select setval(:name, :last, :used)"),
                {"name": each.sequence, "last": last or 1, "used": last is not None},
            )


class Listener(logging.Handler):
    """Every log line, whatever its level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def build_and_look(app: Flask, make: Make, login: Any, run_jobs: Any, engine: sa.Engine, turn: int) -> Seen:
    """One town, from nothing to everything that can be seen of it."""
    clean(engine)
    start_numbers_again(engine)
    make.session.rollback()
    make.session.expunge_all()
    make.counter = 0
    for mail in outbox_folder(app.config["SETTINGS"]).glob("*.eml"):
        mail.unlink()
    jobs.queue.perform_import_paths()  # says so in the log, once
    listener, root = Listener(), logging.getLogger()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        # Nothing waits for seconds: how long a town took to build is no difference between the two.
        with mock.patch.object(seats, "SEATS_SETTLE", timedelta(0)):
            town = Town(app, make, login, run_jobs, turn=turn)
            send_everyone_through(town)
            found = watching.look_around(town)
    finally:
        root.removeHandler(listener)
        root.setLevel(level)
    with engine.connect() as connection:
        notices = connection.execute(sa.text("select kind, params::text, dedupe from notices"))
        audit = connection.execute(sa.text("select tag, subject_kind, data::text from audit_entries"))
        told = [str(tuple(row)) for row in (*notices, *audit)]
    bureau = town.bureau.get("/desk/proofs?state=verified").get_data(as_text=True)
    return Seen(found, bureau, listener.lines, [f"{name} {args}" for name, args in town.said], told)


@pytest.fixture(scope="module")
def kept() -> dict[int, Seen]:
    """The two towns, built once."""
    return {}


@pytest.fixture
def seen(
    app: Flask, make: Make, login: Any, run_jobs: Any, super_engine: sa.Engine, kept: dict[int, Seen]
) -> dict[int, Seen]:
    """What was seen of each of the two towns."""
    for turn in {0, 1} - kept.keys():
        kept[turn] = build_and_look(app, make, login, run_jobs, super_engine, turn)
    return kept


def differences(one: watching.Found, other: watching.Found) -> Iterator[str]:
    """Where two towns differ, and how."""
    for name in sorted(one.keys() | other.keys()):
        left, right = one.get(name, "(nothing)"), other.get(name, "(nothing)")
        if left != right:
            lines = list(difflib.unified_diff(left.splitlines(), right.splitlines(), lineterm="", n=0))
            yield "\n".join([name, *lines[2:14]])


def words() -> set[str]:
    """How a group is called: its code, its names, and the papers that prove it."""
    book = policy.rulebook()
    groups = {word for group in book.groups for word in (group.code, group.name.zh, group.name.en)}
    papers = {paper for group in book.groups for paper in group.papers if paper != "ID_CARD"}
    return groups | papers | {book.paper(code).name.zh for code in papers}


def test_whatever_an_outsider_gets_hold_of_is_the_same_whoever_is_of_which_group(seen: dict[int, Seen]) -> None:
    found = list(differences(seen[0].found, seen[1].found))
    assert not found, f"{len(found)} differ:\n" + "\n\n".join(found[:8])


def test_what_was_compared_are_pages_files_rows_and_refusals(seen: dict[int, Seen]) -> None:
    found = seen[0].found
    rosters = [text for name, text in found.items() if "look_at_rosters: roster" in name]
    assert sum("200 OK" in text and "R2_EMP_SHORT" in text for text in rosters) > 50
    for kind in ("csv", "xlsx", "english", "error", "form", "strangers at"):
        assert any(name.startswith(f"look_at_rosters: {kind} ") for name in found)
    assert found["look_with_sql: owner SELECT enrollments"].count("\n") > 200
    assert "verified" in found["look_with_sql: owner SELECT enrollments"]
    for table in ("proofs", "proof_files", "eligibility_decisions", "register_rows", "review_requests"):
        assert found[f"look_with_sql: owner SELECT {table}"] == ""
    assert "404" in found["look_at_rosters: strangers at shown applied 0"]
    assert sum(text.startswith("200 OK") for name, text in found.items() if ": owner GET" in name) > 20
    assert sum(": owner POST" in name for name in found) > 50


def test_the_two_towns_are_not_the_same_to_the_bureau(seen: dict[int, Seen]) -> None:
    one, other = ({"page": watching.even(town.bureau)} for town in (seen[0], seen[1]))
    assert "人员类别" in "".join(differences(one, other))


def test_no_list_names_a_group_or_the_papers_that_prove_one(app: Flask, seen: dict[int, Seen]) -> None:
    with app.app_context():
        named = words()
    lists = {name: text for name, text in seen[0].found.items() if name.startswith("look_at_rosters")}
    assert [(name, word) for name, text in lists.items() for word in named if word in text] == []


def test_no_job_no_notice_no_audit_entry_and_no_log_line_names_a_group(app: Flask, seen: dict[int, Seen]) -> None:
    with app.app_context():
        named = words()
    assert len(seen[0].jobs) > 500
    assert len(seen[0].told) > 500
    for town in seen.values():
        lines = [*town.jobs, *town.told, *town.logged]
        assert [(word, line) for line in lines for word in named if word in line] == []


def test_the_log_is_the_same_whoever_is_of_which_group(seen: dict[int, Seen]) -> None:
    # In which order rows come off the disk is chance, and with it that of some lines.
    one, other = (
        {"log": "\n".join(sorted(watching.even("\n".join(town.logged)).splitlines()))}
        for town in (seen[0], seen[1])
    )
    assert list(differences(one, other)) == []
