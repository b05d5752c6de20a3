"""The index in Elasticsearch: changes reach it, older ones never win, rebuilds lose nothing, a check finds all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa
from elasticsearch import Elasticsearch
from flask import Flask
from sqlalchemy.orm import Session

from app.catalog.search import elastic_check, elastic_index, store
from app.catalog.search.contract import Document, EngineGoneError, Query
from app.catalog.search.elastic import ElasticsearchSearch, alias_of, client_for
from app.catalog.search.elastic_check import compare, repair
from app.catalog.search.elastic_index import BuildError, IndexGoneError, push, rebuild
from app.catalog.search.ranking import make_plan
from app.config import ElasticSettings
from tests.support.documents import TODAY, card_id, document
from tests.support.elasticsearch import delete_indices


@pytest.fixture
def client(live_index: ElasticSettings) -> Elasticsearch:
    return client_for(live_index)


@pytest.fixture
def session(app: Flask, engine: sa.Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def write(session: Session, *documents: Document) -> None:
    store.write(session, documents)
    session.commit()


def delete(session: Session, numbers: Sequence[int], *, version: int) -> None:
    store.delete(session, [card_id(number) for number in numbers], version=version)
    session.commit()


def push_all(session: Session, settings: ElasticSettings) -> int:
    total = 0
    while done := push(session, settings):
        session.commit()
        total += done
    session.commit()
    return total


def held(settings: ElasticSettings) -> dict[UUID, int]:
    """Card and version of everything that can be found."""
    client = client_for(settings)
    client.indices.refresh(index=alias_of(settings))
    rows = client.search(index=alias_of(settings), version=True, size=1000)["hits"]["hits"]
    return {UUID(row["_id"]): row["_version"] for row in rows}


def indices(settings: ElasticSettings) -> list[str]:
    return sorted(client_for(settings).indices.get(index=f"{settings.prefix}*"))


def test_what_is_written_waits_and_is_found_after_a_push(session: Session, live_index: ElasticSettings) -> None:
    write(session, document(1), document(2))
    assert elastic_index.waiting(session) == 2
    assert held(live_index) == {}
    before = store.generation(session)
    assert push_all(session, live_index) == 2
    assert held(live_index) == {card_id(1): 1, card_id(2): 1}
    assert elastic_index.waiting(session) == 0
    assert store.generation(session) != before, "pages made before the push would be kept"


def test_a_deleted_card_is_deleted(session: Session, live_index: ElasticSettings) -> None:
    write(session, document(1), document(2))
    push_all(session, live_index)
    delete(session, [1], version=2)
    assert push_all(session, live_index) == 1
    assert held(live_index) == {card_id(2): 1}


def test_what_was_never_indexed_can_be_deleted(session: Session, live_index: ElasticSettings) -> None:
    write(session, document(1))
    delete(session, [1], version=2)
    assert push_all(session, live_index) == 1
    assert elastic_index.waiting(session) == 0


def test_an_older_write_that_comes_late_loses(
    session: Session, live_index: ElasticSettings, client: Elasticsearch
) -> None:
    write(session, document(1, version=5), document(2, version=5))
    push_all(session, live_index)
    delete(session, [2], version=6)
    push_all(session, live_index)
    late = [(str(card_id(1)), 4, '{"card_order": 1}'), (str(card_id(2)), 5, '{"card_order": 2}')]
    assert elastic_index._send(client, alias_of(live_index), late) == {str(card_id(1)), str(card_id(2))}
    assert held(live_index) == {card_id(1): 5}


def test_an_index_of_another_release_is_not_searched(live_index: ElasticSettings, client: Elasticsearch) -> None:
    """Until the worker has built the new one, PostgreSQL answers."""
    plan = make_plan(Query(on=TODAY))
    assert ElasticsearchSearch(live_index).find(plan, size=20).hits == ()
    elastic_index._send(
        client, alias_of(live_index), [(str(card_id(1)), 1, '{"tenant_id": "1", "card_order": 1}')]
    )
    client.indices.refresh(index=alias_of(live_index))
    with pytest.raises(EngineGoneError, match="another release"):
        ElasticsearchSearch(live_index).find(plan, size=20)


def test_a_change_that_was_overtaken_while_it_was_sent_keeps_waiting(
    session: Session, live_index: ElasticSettings, engine: sa.Engine
) -> None:
    write(session, document(1))
    # Acknowledging version 1 must not take away that version 2 waits.
    write(session, document(1, version=2))
    elastic_index._acknowledge(session, [(str(card_id(1)), 1)])
    session.commit()
    assert elastic_index.waiting(session) == 1
    push_all(session, live_index)
    assert held(live_index) == {card_id(1): 2}


def test_a_rolled_back_push_keeps_everything_waiting(session: Session, live_index: ElasticSettings) -> None:
    write(session, document(1))
    assert push(session, live_index) == 1
    session.rollback()
    assert elastic_index.waiting(session) == 1
    assert push_all(session, live_index) == 1


def test_two_pushes_at_once_share_the_work(
    session: Session, live_index: ElasticSettings, engine: sa.Engine
) -> None:
    write(session, document(1))
    with Session(engine) as other:
        assert push(session, live_index) == 1
        assert push(other, live_index) == 0
    session.commit()


def test_without_a_live_index_nothing_is_made_by_accident(session: Session, elastic: ElasticSettings) -> None:
    write(session, document(1))
    with pytest.raises(IndexGoneError):
        push(session, elastic)
    session.rollback()
    assert elastic_index.waiting(session) == 1
    assert indices(elastic) == []
    assert not elastic_index.is_current(elastic)


def test_a_refused_document_is_said_and_does_not_hold_up_the_others(
    session: Session, live_index: ElasticSettings, caplog: pytest.LogCaptureFixture
) -> None:
    too_long = replace(document(1), tokens=("字" * 20_000,))
    write(session, too_long, document(2))
    assert push_all(session, live_index) == 1
    assert held(live_index) == {card_id(2): 1}
    assert elastic_index.waiting(session) == 1
    assert str(card_id(1)) in caplog.text


# --- Rebuilding --------------------------------------------------------------------------------------------


@pytest.fixture
def settings(elastic: ElasticSettings) -> Iterator[ElasticSettings]:
    """A server without any index of ours, before and after."""
    yield elastic
    delete_indices(elastic)


def test_a_rebuild_makes_an_index_of_all_that_is_stored(
    session: Session, engine: sa.Engine, settings: ElasticSettings
) -> None:
    write(session, *(document(number) for number in range(1, 8)))
    seen: list[int] = []
    assert rebuild(engine, settings, progress=seen.append) == 7
    assert sum(seen) == 7
    assert len(held(settings)) == 7
    assert elastic_index.is_current(settings)
    assert elastic_index.waiting(session) == 0, "what waited is in the new index"
    made = client_for(settings).indices.get_settings(index=alias_of(settings), flat_settings=True)
    (of_index,) = (each["settings"] for each in made.values())
    assert of_index["index.refresh_interval"] == "1s"
    assert of_index["index.translog.durability"] == "request"
    assert of_index["index.auto_expand_replicas"] == "0-1"


def test_a_rebuild_takes_the_place_of_the_live_index_at_once(
    session: Session, engine: sa.Engine, settings: ElasticSettings
) -> None:
    write(session, document(1))
    rebuild(engine, settings)
    (first,) = indices(settings)
    write(session, document(2))
    rebuild(engine, settings)
    (second,) = indices(settings)
    assert first != second
    assert set(held(settings)) == {card_id(1), card_id(2)}


def test_what_is_written_during_a_rebuild_is_in_the_new_index(
    session: Session, engine: sa.Engine, settings: ElasticSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session, *(document(number) for number in range(1, 6)))
    rebuild(engine, settings)
    fill = elastic_index.fill

    def fill_slowly(*args: object, **more: object) -> list[tuple[str, int]]:
        """As if all this happened while documents are streamed, and just after."""
        write(session, document(1, version=2), document(6))
        push_all(session, settings)  # reaches both indices, before the stream does
        covered = fill(*args, **more)  # type: ignore[arg-type]
        write(session, document(2, version=2), document(7))
        delete(session, [3], version=2)
        push_all(session, settings)
        write(session, document(4, version=2), document(8))
        delete(session, [5], version=2)
        return covered

    monkeypatch.setattr(elastic_index, "fill", fill_slowly)
    assert rebuild(engine, settings) == 6
    assert held(settings) == {card_id(n): v for n, v in ((1, 2), (2, 2), (4, 2), (6, 1), (7, 1), (8, 1))}
    assert elastic_index.waiting(session) == 0
    assert len(compare(engine, settings)) == 0


def test_a_rebuild_that_fails_leaves_the_live_index_and_the_queue(
    session: Session, engine: sa.Engine, settings: ElasticSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session, document(1))
    rebuild(engine, settings)
    before = indices(settings)
    write(session, document(2))
    fill = elastic_index.fill

    def lose_one(*args: object, **more: object) -> list[tuple[str, int]]:
        """A document is lost on the way: the counts must not agree."""
        covered = fill(*args, **more)  # type: ignore[arg-type]
        client = client_for(settings)
        (name,) = set(indices(settings)) - set(before)
        client.delete(index=name, id=str(card_id(1)), refresh=True)
        return covered

    monkeypatch.setattr(elastic_index, "fill", lose_one)
    with pytest.raises(BuildError):
        rebuild(engine, settings)
    assert indices(settings) == before
    assert elastic_index.waiting(session) == 1
    monkeypatch.undo()
    assert push_all(session, settings) == 1
    assert len(compare(engine, settings)) == 0


def test_the_next_rebuild_clears_what_a_killed_one_left(
    session: Session, engine: sa.Engine, settings: ElasticSettings
) -> None:
    left = f"{alias_of(settings)}-1"
    elastic_index.create(client_for(settings), left)
    session.execute(sa.text("insert into index_builds (name) values (:name)"), {"name": left})
    write(session, document(1))
    rebuild(engine, settings)
    assert left not in indices(settings)
    assert session.execute(sa.text("select count(*) from index_builds")).scalar_one() == 0


def test_a_build_that_is_gone_does_not_hold_up_the_live_index(
    session: Session, live_index: ElasticSettings
) -> None:
    session.execute(sa.text("insert into index_builds (name) values ('jiangtu-gone')"))
    write(session, document(1))
    assert push_all(session, live_index) == 1
    assert held(live_index) == {card_id(1): 1}


# --- Comparing ---------------------------------------------------------------------------------------------


def test_a_check_finds_and_mends_whatever_differs(
    session: Session, engine: sa.Engine, live_index: ElasticSettings, client: Elasticsearch
) -> None:
    write(session, *(document(number, version=3) for number in range(1, 6)))
    push_all(session, live_index)
    assert len(compare(engine, live_index)) == 0
    alias = alias_of(live_index)
    lose(client, alias, 1, version=3)
    write(session, document(2, version=4))
    prune_queue(session)
    delete(session, [3], version=4)
    prune_queue(session)
    found = compare(engine, live_index)
    assert set(found.missing) == {card_id(1)}
    assert found.stale == {card_id(2): 3}
    assert found.surplus == {card_id(3): 3}
    assert not found.ahead
    assert len(found) == 3
    assert len(repair(engine, live_index, found)) == 0
    assert held(live_index) == {card_id(1): 3, card_id(2): 4, card_id(4): 3, card_id(5): 3}


def test_an_index_ahead_of_a_restored_database_is_rebuilt(
    session: Session, engine: sa.Engine, settings: ElasticSettings
) -> None:
    write(session, document(1, version=9), document(2, version=9))
    rebuild(engine, settings)
    session.execute(sa.text("update course_documents set version = 5 where course_id = 1"))
    session.commit()
    assert compare(engine, settings).ahead == {card_id(1): 9}
    assert len(repair(engine, settings, compare(engine, settings))) == 0
    assert held(settings) == {card_id(1): 5, card_id(2): 9}


def test_a_check_reads_more_than_one_page(
    session: Session, engine: sa.Engine, settings: ElasticSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elastic_check, "PAGE", 3)
    write(session, *(document(number) for number in range(1, 9)))
    rebuild(engine, settings)
    assert compare(engine, settings).compared == 8
    (before,) = indices(settings)
    lose(client_for(settings), alias_of(settings), 8, version=1)
    found = compare(engine, settings)
    assert found.missing == {card_id(8): 0}
    assert len(repair(engine, settings, found)) == 0
    assert indices(settings) == [before]


def test_what_cannot_be_sent_again_is_mended_by_a_rebuild(
    session: Session, engine: sa.Engine, settings: ElasticSettings
) -> None:
    write(session, document(1, version=3), document(2, version=3))
    rebuild(engine, settings)
    # Deleted by hand: the index remembers a newer version, so that the stored one would lose.
    client_for(settings).delete(index=alias_of(settings), id=str(card_id(1)))
    assert len(repair(engine, settings, compare(engine, settings))) == 0
    assert held(settings) == {card_id(1): 3, card_id(2): 3}


def lose(client: Elasticsearch, alias: str, number: int, *, version: int) -> None:
    client.delete(index=alias, id=str(card_id(number)), version=version, version_type="external_gte")


def prune_queue(session: Session) -> None:
    elastic_index.prune(session)
    session.commit()
