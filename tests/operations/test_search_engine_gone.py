"""Elasticsearch hangs, dies under load and comes back, workers are killed: no page fails, nothing is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import jobs, scope
from app.catalog.models import Course, CourseRevision
from app.catalog.search import elastic_index, store
from app.catalog.search.elastic_check import compare
from app.catalog.search.elastic_index import push, rebuild
from app.catalog.search.reindex import reindex_all
from app.config import ElasticSettings
from app.db import db
from app.elasticsearch_server import OwnElasticsearch
from tests.concurrency.servers import request, web, worker
from tests.factories import Make
from tests.support.database import ROOT, Database
from tests.support.documents import card_id, document
from tests.support.elasticsearch import delete_indices, own_names

PATHS = (
    "/courses",
    "/courses?q=%E7%84%8A%E5%B7%A5",
    "/courses?level=5&shortage=1",
    "/courses?page=2",
    "/courses/suggestions?q=h",
)


@dataclass(frozen=True)
class Searching(Database):
    """A database whose processes search with an Elasticsearch."""

    elastic: ElasticSettings | None = None

    def environment(self, data_dir: Path) -> dict[str, str]:
        assert self.elastic is not None
        ours = {"ELASTICSEARCH_URL": self.elastic.urls[0], "ELASTICSEARCH_PREFIX": self.elastic.prefix}
        return super().environment(data_dir) | ours | {"ELASTICSEARCH_BUDGET_MS": "2000"}


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnElasticsearch]:
    """A server to be killed: nobody else's."""
    # Not under pytest's own folder, which the server's user may not enter.
    with (
        tempfile.TemporaryDirectory(prefix="jiangtu-es-", ignore_cleanup_errors=True) as folder,
        OwnElasticsearch(folder) as server,
    ):
        yield server


@pytest.fixture
def settings(own_server: OwnElasticsearch) -> Iterator[ElasticSettings]:
    """Names of its own, and no index."""
    yield from own_names(own_server.start().url, before_the_end=own_server.start)


@pytest.fixture
def searching(database: Database, settings: ElasticSettings) -> Searching:
    """The database, for processes that search with this server."""
    return Searching(database.server, database.name, settings)


def wait_until(what: Callable[[], object], seconds: float) -> float:
    """How long it took until `what` was true; fails after `seconds`."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began


def courses(app: Flask, make: Make, number: int) -> list[Course]:
    """Courses that can be found."""
    tenants = [make.institution() for _n in range(3)]
    made = [make.course(tenants[n % 3], title=f"焊工培训第{n}期") for n in range(number)]
    for course in made[::4]:
        make.run(course)
    with app.app_context(), scope.opened(scope.VISITOR):
        for _count in reindex_all(db.session):
            db.session.commit()
        db.session.commit()
        db.session.remove()
    return made


def rename(app: Flask, make: Make, some: list[Course], title: str) -> None:
    """Change what courses say, as the desk does: the change and its job in one transaction each."""
    with app.app_context():
        for course in some:
            with scope.opened(scope.Scope(tenant_id=course.tenant_id)):
                db.session.execute(
                    sa.update(CourseRevision).where(CourseRevision.course_id == course.id).values(title=title)
                )
                jobs.enqueue("catalog.index_course", scope=scope.VISITOR, course_id=course.id)
                db.session.commit()
                db.session.remove()


def titles(engine: sa.Engine, some: list[Course]) -> set[str]:
    """What the stored cards of these courses are called."""
    text = sa.text("select card ->> 'title' from course_documents where course_ids && cast(:ids as bigint[])")
    with engine.connect() as connection:
        return set(connection.scalars(text, {"ids": [course.id for course in some]}))


def waits(engine: sa.Engine) -> bool:
    """Whether any change waits for the engine."""
    with engine.connect() as connection:
        return bool(connection.scalar(sa.text("select exists (select from document_changes)")))


def is_true_to(engine: sa.Engine, settings: ElasticSettings) -> bool:
    return not waits(engine) and not len(compare(engine, settings))


class Visitors:
    """People turning pages without pause, and what they got."""

    def __init__(self, port: int, number: int = 4) -> None:
        self._port = port
        self._pool = ThreadPoolExecutor(number)
        self._left = Event()
        self._number = number
        self.answers: Counter[tuple[str, int]] = Counter()
        self.phase = "well"

    def __enter__(self) -> Visitors:
        self._turning = [self._pool.submit(self._turn, n) for n in range(self._number)]
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        for each in self._turning:
            each.result()
        self._pool.shutdown()

    def _turn(self, at: int) -> None:
        while not self._left.is_set():
            at += 1
            phase = self.phase
            status, _body = request(self._port, "GET", PATHS[at % len(PATHS)])
            self.answers[phase, status] += 1
            time.sleep(0.05)

    def seen(self, phase: str) -> int:
        """How many pages they got in a phase."""
        return sum(count for (name, _status), count in self.answers.items() if name == phase)


def test_no_page_fails_when_the_engine_hangs_or_dies_and_it_catches_up_by_itself(
    app: Flask,
    make: Make,
    engine: sa.Engine,
    own_server: OwnElasticsearch,
    searching: Searching,
    settings: ElasticSettings,
    tmp_path: Path,
) -> None:
    some = courses(app, make, 40)
    rebuild(engine, settings)
    with web(searching, tmp_path) as port, worker(searching, tmp_path), Visitors(port) as visitors:

        def answering() -> str:
            return request(port, "GET", "/healthz")[1]

        wait_until(lambda: visitors.seen("well") > 20, 60)
        assert own_server.process is not None
        visitors.phase = "hanging"
        os.killpg(own_server.process.pid, signal.SIGSTOP)
        wait_until(lambda: "standing in" in answering(), 60)
        os.killpg(own_server.process.pid, signal.SIGCONT)

        visitors.phase = "dead"
        own_server.kill()
        rename(app, make, some[:10], "电焊工晚班")
        wait_until(lambda: titles(engine, some[:10]) == {"电焊工晚班"}, 90)
        wait_until(lambda: visitors.seen("dead") > 40, 60)
        assert waits(engine)
        assert "standing in" in answering()

        own_server.start()
        visitors.phase = "back"
        took = wait_until(lambda: is_true_to(engine, settings), 60)
        wait_until(lambda: visitors.seen("back") > 20, 60)
        wait_until(lambda: '"elasticsearch"' in answering(), 60)
    print(f"caught up {took:.1f} s after it was back; pages: {dict(visitors.answers)}")
    assert {status for _phase, status in visitors.answers} == {200}

    check = [sys.executable, "-m", "flask", "search", "check", "--no-repair"]
    done = subprocess.run(
        check, cwd=ROOT, env=searching.environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 differences" in done.stdout


def test_a_worker_without_an_index_builds_it_by_itself(
    app: Flask, make: Make, engine: sa.Engine, searching: Searching, settings: ElasticSettings, tmp_path: Path
) -> None:
    courses(app, make, 5)
    with worker(searching, tmp_path):
        wait_until(lambda: elastic_index.is_current(settings), 60)
    assert is_true_to(engine, settings)


def test_a_worker_killed_at_any_moment_loses_nothing(
    app: Flask, make: Make, engine: sa.Engine, searching: Searching, settings: ElasticSettings, tmp_path: Path
) -> None:
    chance = random.Random(4)
    some = courses(app, make, 12)
    rebuild(engine, settings)
    busy = sa.text("select exists (select from procrastinate_jobs where status = 'doing')")
    for round_ in range(4):
        with worker(searching, tmp_path, log=f"worker-{round_}.log") as killed:
            rename(app, make, some, f"焊工第{round_}轮")
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                wait_until(lambda: connection.scalar(busy), 60)
            # Somewhere between taking up the first job and having sent the last change.
            time.sleep(chance.uniform(0, 1.5))
            killed.kill()
    with worker(searching, tmp_path, log="last.log"):
        took = wait_until(lambda: titles(engine, some) == {"焊工第3轮"} and is_true_to(engine, settings), 60)
    print(f"all there {took:.1f} s after the last worker was started")


def test_nothing_written_during_a_rebuild_is_lost(
    app: Flask, engine: sa.Engine, settings: ElasticSettings
) -> None:
    first = [document(number) for number in range(1, 1001)]
    with Session(engine) as session:
        store.write(session, first)
        session.commit()
    rebuild(engine, settings)
    over = Event()
    written: dict[int, int] = {}

    def write() -> None:
        chance, version = random.Random(5), 1
        with Session(engine) as session:
            while not over.is_set():
                version += 1
                numbers = sorted(chance.sample(range(1, 1101), 20))
                gone = {card_id(number): version for number in numbers[:3]}
                store.write(session, [document(number, version=version) for number in numbers[3:]], gone=gone)
                session.commit()
                written.update(dict.fromkeys(numbers[3:], version))

    def send() -> None:
        with Session(engine) as session:
            while not over.is_set():
                push(session, settings)
                session.commit()

    with ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(write), pool.submit(send)]
        try:
            for _n in range(2):
                rebuild(engine, settings)
        finally:
            over.set()
        for each in busy:
            each.result()
    assert len(written) > 100
    with Session(engine) as session:
        while push(session, settings):
            session.commit()
        session.commit()
    assert is_true_to(engine, settings)


def test_a_rebuild_killed_midway_is_cleared_by_the_next(
    app: Flask, engine: sa.Engine, searching: Searching, settings: ElasticSettings, tmp_path: Path
) -> None:
    with Session(engine) as session:
        store.write(session, [document(number) for number in range(1, 1501)])
        session.commit()
    rebuild(engine, settings)
    command = [sys.executable, "-m", "flask", "reindex", "--engine-only"]
    killed = subprocess.Popen(
        command,
        cwd=ROOT,
        env=searching.environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    builds = sa.text("select count(*) from index_builds")
    with contextlib.closing(engine.connect().execution_options(isolation_level="AUTOCOMMIT")) as connection:
        wait_until(lambda: connection.scalar(builds), 60)
        killed.kill()
        killed.wait(10)
        assert connection.scalar(builds) == 1
    assert is_true_to(engine, settings)
    rebuild(engine, settings)
    assert is_true_to(engine, settings)
    with engine.connect() as connection:
        assert connection.scalar(builds) == 0
    delete_indices(settings)
