"""Whether the live index holds exactly the stored documents; what differs is sent again.

Both sides are streamed, so that it takes little memory however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from elasticsearch import Elasticsearch
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from app.catalog.search.elastic import alias_of, client_for
from app.catalog.search.elastic_index import push, rebuild
from app.config import ElasticSettings

PAGE = 5000
_KEPT = "2m"
_VERSIONS = sa.text("select card_id, version from course_documents where card_id = any(:ids)").bindparams(
    sa.bindparam("ids", type_=ARRAY(sa.Uuid))
)
_EVERY_ID = sa.text("select card_id from course_documents")
_WAIT = sa.text(
    "insert into document_changes (card_id, version, is_deleted) "
    "select card_id, coalesce(d.version, held.version), d.card_id is null "
    "from unnest(cast(:ids as uuid[]), cast(:versions as bigint[])) as held (card_id, version) "
    "left join course_documents d using (card_id) order by card_id on conflict (card_id) do nothing"
)


@dataclass
class Differences:
    """Cards by what is wrong with them, each with the version the index holds (0: none).

    Missing: stored, but not in the index. Stale: older in the index. Surplus: in the index only. Ahead: newer
    in the index, as after a restored backup; only a rebuild helps.
    """

    missing: dict[UUID, int] = field(default_factory=dict)
    stale: dict[UUID, int] = field(default_factory=dict)
    surplus: dict[UUID, int] = field(default_factory=dict)
    ahead: dict[UUID, int] = field(default_factory=dict)
    compared: int = 0

    @property
    def all(self) -> dict[UUID, int]:
        """Every card that differs."""
        return self.missing | self.stale | self.surplus | self.ahead

    def __len__(self) -> int:
        return len(self.all)


def compare(engine: Engine, settings: ElasticSettings) -> Differences:
    """Compare every id and version of the live index and of the stored documents, as one moment saw each."""
    client, found = client_for(settings), Differences()
    client.indices.refresh(index=alias_of(settings))
    # The index first: what it holds was stored before. What was stored since may differ, and then waits.
    held = _held(client, alias_of(settings))
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for batch in iter(lambda: dict(islice(held, PAGE)), {}):
            _compare(batch, dict(_versions(connection, batch)), found)
        if found.compared < connection.scalar(sa.text("select count(*) from course_documents")):
            _find_missing(connection, client, alias_of(settings), found)
    return found


def repair(engine: Engine, settings: ElasticSettings, found: Differences) -> Differences:
    """Send what differs again; what that does not mend, a rebuild does. Returns what differs afterwards."""
    if not found.ahead:
        _send_again(engine, settings, list(found.all.items()))
        left = compare(engine, settings)
        if not left.all.keys() & found.all.keys():
            return left
    rebuild(engine, settings)
    return compare(engine, settings)


def _send_again(engine: Engine, settings: ElasticSettings, wrong: list[tuple[UUID, int]]) -> None:
    for at in range(0, len(wrong), PAGE):
        ids, versions = zip(*wrong[at : at + PAGE], strict=True)
        with engine.begin() as connection:
            connection.execute(_WAIT, {"ids": list(ids), "versions": list(versions)})
    while True:
        with Session(engine) as session, session.begin():
            if not push(session, settings):
                break


def _held(client: Elasticsearch, alias: str) -> Iterator[tuple[UUID, int]]:
    """Ids and versions in the index, as they were when asked first."""
    pit = client.open_point_in_time(index=alias, keep_alive=_KEPT)["id"]
    try:
        after: list[Any] | None = None
        while True:
            answer = client.options(request_timeout=60).search(
                size=PAGE,
                pit={"id": pit, "keep_alive": _KEPT},
                sort=["_shard_doc"],
                search_after=after,
                version=True,
                source=False,
                track_total_hits=False,
                allow_partial_search_results=False,
            )
            rows = answer["hits"]["hits"]
            yield from ((UUID(row["_id"]), row["_version"]) for row in rows)
            if len(rows) < PAGE:
                return
            after, pit = rows[-1]["sort"], answer["pit_id"]
    finally:
        client.close_point_in_time(id=pit)


def _versions(connection: Connection, batch: dict[UUID, int]) -> Iterator[tuple[UUID, int]]:
    for row in connection.execute(_VERSIONS, {"ids": list(batch)}):
        yield row.card_id, row.version


def _compare(held: dict[UUID, int], stored: dict[UUID, int], found: Differences) -> None:
    found.compared += len(stored)
    for card_id, version in held.items():
        if card_id not in stored:
            found.surplus[card_id] = version
        elif version < stored[card_id]:
            found.stale[card_id] = version
        elif version > stored[card_id]:
            found.ahead[card_id] = version


def _find_missing(connection: Connection, client: Elasticsearch, alias: str, found: Differences) -> None:
    """There are more documents than were found in the index: ask it for all of them by id."""
    ids = connection.execution_options(stream_results=True, max_row_buffer=PAGE).execute(_EVERY_ID).scalars()
    for batch in ids.partitions(PAGE):
        answer = client.options(request_timeout=60).search(
            index=alias,
            size=PAGE,
            query={"ids": {"values": [str(card_id) for card_id in batch]}},
            source=False,
            allow_partial_search_results=False,
        )
        there = {row["_id"] for row in answer["hits"]["hits"]}
        found.missing.update((card_id, 0) for card_id in batch if str(card_id) not in there)
