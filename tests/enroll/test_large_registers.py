"""Registers of more lines than a request reads: by a job, with its progress, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs, storage
from app.clock import today
from app.db import db
from app.enroll.models import ImportState, RegisterImport, RegisterKind
from app.enroll.registers import FileSource, Record
from app.enroll.services import files, register_files
from app.scope import Scope, opened
from app.sheets import RowError
from app.tenants.identifiers import make_id_number
from tests.enroll.registers import PERSON, confirm, number, person, send
from tests.factories import Make
from tests.support.papers import sheet


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request reads five lines here, and a job tells how far it is after every two."""
    monkeypatch.setattr(register_files, "AT_ONCE", 5)
    monkeypatch.setattr(register_files, "BATCH", 2)


@pytest.fixture(autouse=True)
def _nothing_stored(app: Flask) -> None:
    for path in stored(app):
        path.unlink()


def people(count: int) -> list[tuple[str, str]]:
    return [(number(serial), f"示例{serial}") for serial in range(1, count + 1)]


def stored(app: Flask) -> list[Path]:
    folder = Path(app.config["SETTINGS"].data_dir) / "proofs"
    return [path for path in folder.glob("??/*") if path.is_file()]


def state(look: Any) -> tuple[str, int, int, int]:
    (row,) = look("select state, lines, lines_read, rows from register_imports")
    return tuple(row)  # type: ignore[return-value]


def everywhere_of(look: Any) -> Scope:
    return Scope(region_ids=tuple(row.id for row in look("select id from regions")))


def lines(look: Any) -> int:
    return int(look("select count(*) as n from register_rows")[0].n)


def test_a_long_list_is_read_by_a_job_and_then_previewed_and_confirmed_like_any_other(
    app: Flask, bureau: Any, make: Make, enroll: Any, look: Any, run_jobs: Any
) -> None:
    learner = make.learner(name="甲示例")
    rows = [*people(5), person(make, learner), ("13", "坏行"), people(1)[0]]
    sent = send(bureau, "veterans", sheet(PERSON, rows))
    assert sent.status_code == 303
    url = sent.headers["Location"]
    assert state(look) == ("reading", 8, 0, 0)
    page = bureau.get(url).get_data(as_text=True)
    for words in ("正在读取", 'max="8"', 'value="0"', 'hx-trigger="every 2s"', "看读到哪里了"):
        assert words in page
    assert f"{url}/confirm" not in page
    assert bureau.post(f"{url}/confirm").status_code == 303
    assert state(look)[0] == "reading"
    run_jobs()
    assert state(look) == ("draft", 8, 8, 6)
    assert lines(look) == 6
    assert stored(app) == []
    page = bureau.get(url).get_data(as_text=True)
    for words in (
        "6 人",
        "2 行",
        "第 8 行：证件号码不对",
        "第 9 行：与第 2 行是同一个人",
        "1 人（号码和姓名都一致）",
    ):
        assert words in page
    assert "every 2s" not in page
    confirm(bureau, sent)
    assert enroll(make.run(), learner, None).answer == "yes"
    (told,) = look("select actor_id, data from audit_entries where tag = 'register.imported'")
    assert told.actor_id is not None
    assert told.data == {"register": "veterans", "as_of": today().isoformat(), "lines": 6, "refused": 2}


def test_a_list_of_as_many_lines_as_a_request_reads_is_there_at_once(bureau: Any, look: Any) -> None:
    assert send(bureau, "veterans", sheet(PERSON, people(5))).status_code == 303
    assert state(look) == ("draft", 5, 5, 5)


def test_the_file_waits_encrypted_and_is_in_no_job_and_no_table(app: Flask, bureau: Any, look: Any) -> None:
    send(bureau, "veterans", sheet(PERSON, people(6)))
    (path,) = stored(app)
    dump = "".join(str(row) for row in look("select t::text from register_imports t"))
    dump += "".join(str(row) for row in look("select args::text from procrastinate_jobs"))
    for secret in (number(1), "示例1"):
        assert secret.encode() not in path.read_bytes()
        assert secret not in dump
    assert storage.get(path.name) == sheet(PERSON, people(6))


def test_how_far_it_is_can_be_seen_while_nothing_of_it_is_there_yet(
    bureau: Any, look: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    tell = jobs.aside

    def telling(statement: Any) -> None:
        tell(statement)
        seen.append((state(look)[2], lines(look)))

    monkeypatch.setattr(jobs, "aside", telling)
    send(bureau, "veterans", sheet(PERSON, people(7)))
    run_jobs()
    assert seen == [(2, 0), (4, 0), (6, 0), (7, 0)]
    assert lines(look) == 7


class Killed(BaseException):
    """What a worker dies of."""


def test_a_job_that_dies_leaves_nothing_and_starts_over(
    app: Flask, bureau: Any, look: Any, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(bureau, "veterans", sheet(PERSON, people(7)))
    (row,) = look("select id, region_id from register_imports")
    bureau_scope = Scope(actor_id=1, tenant_id=1, tenant_kind="bureau", region_ids=(row.region_id,)).as_job_args()
    run = jobs.queue.tasks["enroll.read_register"].func
    whole = FileSource.records

    def dying(*args: Any) -> Iterator[Record | RowError]:
        for count, record in enumerate(whole(*args)):
            if count == 5:
                raise Killed
            yield record

    monkeypatch.setattr(FileSource, "records", dying)
    with pytest.raises(Killed):
        run(scope=bureau_scope, import_id=row.id)
    assert state(look) == ("reading", 7, 4, 0)
    assert lines(look) == 0
    assert len(stored(app)) == 1
    monkeypatch.setattr(FileSource, "records", whole)
    for _again in range(2):  # and once done it is done, though the job comes again
        run(scope=bureau_scope, import_id=row.id)
        assert state(look) == ("draft", 7, 7, 7)
        assert lines(look) == 7


def test_an_import_may_be_given_up_while_it_is_read(
    app: Flask, bureau: Any, look: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = send(bureau, "veterans", sheet(PERSON, people(7))).headers["Location"]
    tell, ended = jobs.aside, []

    def telling(statement: Any) -> None:
        tell(statement)
        if not ended:  # somebody else's request: on a thread of its own, where the job's scope is not open
            with ThreadPoolExecutor(1) as elsewhere:
                ended.append(elsewhere.submit(lambda: bureau.post(f"{url}/end").status_code).result())

    monkeypatch.setattr(jobs, "aside", telling)
    run_jobs()
    assert ended == [303]
    assert state(look)[0] == "ended"
    assert lines(look) == 0
    assert stored(app) == []


def test_a_long_list_without_one_good_line_ends_by_itself_and_says_so(
    app: Flask, bureau: Any, look: Any, run_jobs: Any
) -> None:
    url = send(bureau, "veterans", sheet(PERSON, [("13", f"坏行{n}") for n in range(6)])).headers["Location"]
    run_jobs()
    assert state(look) == ("ended", 6, 6, 0)
    assert "没有一行能导入" in bureau.get(url).get_data(as_text=True)
    assert stored(app) == []


def test_a_file_nobody_read_goes_with_its_import_by_the_night(
    app: Flask, bureau: Any, make: Make, look: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(bureau, "veterans", sheet(PERSON, people(6)))
    (path,) = stored(app)
    os.utime(path, (0, 0))
    with app.app_context(), opened(everywhere_of(look)):
        files.sweep()
    assert stored(app) == [path]
    monkeypatch.setattr(
        register_files, "read_register", lambda *, import_id: None
    )  # a worker that never got to it
    make.session.execute(
        sa.update(RegisterImport).values(created_at=RegisterImport.created_at - timedelta(days=2))
    )
    make.session.commit()
    jobs.queue.tasks["enroll.night"].func(timestamp=0)
    run_jobs()
    assert state(look)[0] == "ended"
    assert stored(app) == []


def test_ten_thousand_lines_are_read_kept_and_matched(
    app: Flask, make: Make, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    learners = [make.learner(name=f"学员{n}") for n in range(20)]
    listed = [person(make, learner) for learner in learners]
    listed += [
        (make_id_number("130102", date(1960 + n // 400, 1 + n % 12, 1 + n % 28), n % 1000), f"路人{n}")
        for n in range(9_980)
    ]
    numbers = {each[0] for each in listed}
    bureau = make.bureau("130100")
    member = make.member(bureau)
    scope = replace(
        everywhere_of(look), actor_id=member.id, tenant_id=bureau.id, tenant_kind="bureau", role="owner"
    )
    with app.app_context(), opened(scope):
        draft = register_files.import_register(
            register=RegisterKind.UNEMPLOYMENT,
            region_id=bureau.region_id,
            as_of=today(),
            valid_until=None,
            content=sheet(PERSON, listed),
        )
        assert (draft.state, draft.rows, draft.matched) == (ImportState.DRAFT, len(numbers), 20)
        db.session.commit()
    assert lines(look) == len(numbers)
