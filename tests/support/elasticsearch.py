"""A real Elasticsearch for the tests: one server for all test processes of a run, names of its own for each.

Imported by `tests/conftest.py`. Without an Elasticsearch the tests fail and say how to get one; none is skipped.
"""

from __future__ import annotations

import fcntl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.catalog.search import elastic_index
from app.catalog.search.elastic import alias_of, client_for
from app.config import ElasticSettings
from app.elasticsearch_server import answers, running
from tests.support.database import Database


@pytest.fixture(scope="session")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the run's server: the first test process that needs one starts it, and is the last to end."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # with xdist, the folder above is the run's
        folder = folder.parent
    known = folder / "elasticsearch.url"
    with (folder / "elasticsearch.users").open("a") as users:
        with _held(folder / "elasticsearch.lock"):
            url = known.read_text() if known.exists() else ""
            server = None
            if not url or not answers(url):
                server = _started(known)
                url = next(server)
            fcntl.flock(users, fcntl.LOCK_SH)
        yield url
        while server is not None:
            with _held(folder / "elasticsearch.lock"), suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                known.unlink()
                server = next(server, None)
            time.sleep(0.1)


def _started(known: Path) -> Iterator[str]:
    # Not under pytest's own folder, which the server's user may not enter.
    with TemporaryDirectory(prefix="jiangtu-es-", ignore_cleanup_errors=True) as folder, running(folder) as url:
        known.write_text(url)
        yield url


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def elastic(elasticsearch_url: str) -> Iterator[ElasticSettings]:
    """Settings with names no other test process uses; nothing of that name is left."""
    yield from own_names(elasticsearch_url)


def own_names(url: str, *, before_the_end: Callable[[], object] = lambda: None) -> Iterator[ElasticSettings]:
    """Settings with names nobody else uses, and a patience that does not depend on the machine's load."""
    settings = ElasticSettings(urls=(url,), prefix=f"jiangtu-test-{uuid.uuid4().hex[:8]}-", budget_ms=20_000)
    try:
        yield settings
    finally:
        before_the_end()
        delete_indices(settings)


def delete_indices(settings: ElasticSettings) -> None:
    """Delete every index of these settings."""
    client = client_for(settings)
    for name in client.indices.get(index=f"{settings.prefix}*"):
        client.indices.delete(index=name, ignore_unavailable=True)


@pytest.fixture
def live_index(elastic: ElasticSettings, database: Database) -> Iterator[ElasticSettings]:
    """An empty live index."""
    client, alias = client_for(elastic), alias_of(elastic)
    name = f"{alias}-{uuid.uuid4().hex[:8]}"
    elastic_index.create(client, name)
    client.indices.put_settings(index=name, settings={"index": elastic_index.LIVE})
    client.indices.put_alias(index=name, name=alias)
    yield elastic
    delete_indices(elastic)
