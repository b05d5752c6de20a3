"""The index in Elasticsearch: what it looks like, sending it what changed, building it anew, comparing it.

PostgreSQL holds the documents, and the versions decide: an older one never wins, sent by whomever and however
often. A change waits in `document_changes` until the live index and every one being built have acknowledged it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from elasticsearch import Elasticsearch, NotFoundError, helpers
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from app.catalog.search.elastic import alias_of, client_for
from app.catalog.search.elastic_query import SEPARATOR, Json
from app.catalog.search.store import AnySession, begin_generation, new_version
from app.config import ElasticSettings

Change = tuple[str, int, str | None]  # card, version, document as JSON; None: it is gone

BATCH = 1000
THREADS = 2
_TRIES = 20
_SECONDS = 60.0
_log = logging.getLogger(__name__)

_KEY: Json = {"type": "keyword"}
_ONLY_FOUND_BY: Json = {"type": "keyword", "doc_values": False}
MAPPINGS: Json = {
    "dynamic": "strict",
    "_source": {"enabled": False},  # the documents are in PostgreSQL
    "properties": {
        "tokens": _ONLY_FOUND_BY,
        "trade_code": _ONLY_FOUND_BY,
        "label": _ONLY_FOUND_BY,
        "shape": _ONLY_FOUND_BY,
        "is_shortage": {"type": "boolean", "doc_values": False},
        "tenant_id": _KEY,
        "category": _KEY,
        "mode": _KEY,
        "level": _KEY,
        "region_ids": _KEY,
        "fee_fen": {"type": "long"},
        "seats_left": {"type": "integer"},
        "start_dates": {"type": "date"},
        "next_starts_on": {"type": "date"},
        "news_at": {"type": "date_nanos", "doc_values": False},
        "card_id": {"type": "keyword", "index": False},
        "card_order": {"type": "long", "index": False},
        "suggest": {
            "type": "completion",
            "analyzer": "keyword",
            "preserve_separators": True,
            "preserve_position_increments": True,
            "max_input_length": 400,
        },
    },
}
LIVE: Json = {
    "refresh_interval": "1s",
    "auto_expand_replicas": "0-1",
    "translog.durability": "request",
}
SETTINGS: Json = {
    "number_of_shards": 1,
    # How long a deleted document's version is remembered against an older write that comes late.
    "gc_deletes": "1h",
}
WHILE_BUILT: Json = {
    "refresh_interval": "-1",
    "auto_expand_replicas": False,
    "number_of_replicas": 0,
    "translog.durability": "async",
}
FINGERPRINT = hashlib.sha256(json.dumps([MAPPINGS, SETTINGS], sort_keys=True).encode()).hexdigest()[:16]


class IndexGoneError(Exception):
    """There is no live index, or it was made by another release: it must be built."""


class BuildError(Exception):
    """An index could not be built; the message says why. The live one is as it was."""


# --- Documents as Elasticsearch takes them -----------------------------------------------------------------

_FIELDS = [name for name in MAPPINGS["properties"] if name != "suggest"]
# Each (kind, key, text, ref) as one string, made of the JSON of all of them, as anything else takes longer than
# the whole rest: inside of strings no quote is not escaped. A completion may not hold \x1e and \x1f.
_SUGGEST = r"to_json(translate(d.suggest::text, E'\t\x1e\x1f', '   ')::text[])::text"
for _found, _put in (('","', r"\t"), ('"],["', '","'), ('[["', '["'), ('"]]', '"]')):
    _SUGGEST = f"replace({_SUGGEST}, '{_found}', '{_put}')"
# The first 60 bits of the card's id (`contract.card_order`).
_COMPUTED = {"card_order": "('x0' || left(replace(d.card_id::text, '-', ''), 15))::bit(64)::bigint as card_order"}
_READ = ", ".join(_COMPUTED.get(name, f"d.{name}") for name in _FIELDS)
_ROW = f"select {_READ}, ({_SUGGEST})::json as suggest"
_AS_JSON = f"(select to_json(row)::text from ({_ROW}) row)"  # noqa: S608
assert SEPARATOR == "\t"

_DUE = sa.text(
    "select card_id, version from document_changes order by changed_at, card_id limit :most for update skip locked"
)
_DOCUMENTS = sa.text(
    f"select d.card_id::text, d.version, {_AS_JSON} from course_documents d where d.card_id = any(:ids)"  # noqa: S608
).bindparams(sa.bindparam("ids", type_=ARRAY(sa.Uuid)))
_ALL_DOCUMENTS = sa.text(
    f"select d.card_id::text, d.version, {_AS_JSON}, c.version <= d.version "  # noqa: S608
    "from course_documents d left join document_changes c on c.card_id = d.card_id"
)
_ACKNOWLEDGED = sa.text(
    "delete from document_changes c using (select c.card_id from document_changes c join "
    "unnest(cast(:ids as uuid[]), cast(:versions as bigint[])) as sent (card_id, version) "
    "on c.card_id = sent.card_id and c.version <= sent.version for update of c skip locked) done "
    "where c.card_id = done.card_id"
)
_REFUSED = sa.text(
    "update document_changes set changed_at = clock_timestamp() where card_id = any(cast(:ids as uuid[]))"
)
_BUILDS = sa.text("select name from index_builds order by name")


def _expand(change: Change) -> tuple[Json, str | None]:
    """A change as the two lines of a bulk request."""
    card_id, version, document = change
    what = "delete" if document is None else "index"
    return {what: {"_id": card_id, "version": version, "version_type": "external_gte"}}, document


def _writing(index: str) -> str:
    """The alias an index is written by while it is built: a write by its name would make one that is gone anew."""
    return f"{index}-writing"


# --- Sending what changed ----------------------------------------------------------------------------------


def push(session: AnySession, settings: ElasticSettings) -> int:
    """Send one batch of what waits; returns how much was acknowledged. The caller commits, and asks again until 0.

    What was acknowledged can be found, and leaves the queue in the caller's transaction. Raises IndexGoneError if
    there is nothing to write to, and the client's errors if it does not answer: then everything keeps waiting.
    """
    due = session.execute(_DUE, {"most": BATCH}).all()
    if not due:
        return 0
    changes = _read_changes(session, due)
    client, live = client_for(settings), alias_of(settings)
    # Asked only now: a build that is not listed yet reads the documents later than they were read here.
    builds = list(session.execute(_BUILDS).scalars())
    acknowledged = _send(client, live, changes)
    for name in builds:
        try:
            acknowledged &= _send(client, _writing(name), changes)
        except IndexGoneError:
            _log.warning("the index %s was being built and is gone", name)
    client.indices.refresh(index=live)
    sent = [(card_id, version) for card_id, version, _document in changes if card_id in acknowledged]
    _acknowledge(session, sent)
    refused = [card_id for card_id, _version, _document in changes if card_id not in acknowledged]
    if refused:
        session.execute(_REFUSED, {"ids": refused})
    begin_generation(session)  # pages made of what the index had before are no longer true
    return len(sent)


def prune(session: AnySession) -> None:
    """Forget what waits: no Elasticsearch is configured, and one that is later is built from the documents."""
    free = "select card_id from document_changes for update skip locked"
    session.execute(sa.text(f"delete from document_changes where card_id in ({free})"))  # noqa: S608


def waiting(session: AnySession) -> int:
    """How many changes wait."""
    return int(session.execute(sa.text("select count(*) from document_changes")).scalar_one())


def _read_changes(session: AnySession, due: Sequence[Any]) -> list[Change]:
    """The cards as they are now, which may be newer than what waits; those without a document are gone."""
    documents = {
        row[0]: row for row in session.execute(_DOCUMENTS, {"ids": [card_id for card_id, _version in due]})
    }
    changes: list[Change] = []
    for card_id, version in due:
        row = documents.get(str(card_id))
        changes.append((row[0], row[1], row[2]) if row else (str(card_id), version, None))
    return changes


def _send(client: Elasticsearch, alias: str, changes: Iterable[Change]) -> set[str]:
    """Send changes; returns the cards acknowledged, among them those the index knows something newer of."""
    acknowledged = set()
    answers = helpers.streaming_bulk(
        client.options(request_timeout=_SECONDS),
        changes,  # type: ignore[arg-type] # what `_expand` takes
        index=alias,
        require_alias=True,
        chunk_size=BATCH,
        raise_on_error=False,
        max_retries=3,
        initial_backoff=0.5,
        expand_action_callback=_expand,  # type: ignore[arg-type]
    )
    for is_done, item in answers:
        (answer,) = item.values()
        if is_done or answer["status"] == 409 or (answer["status"] == 404 and "error" not in answer):
            acknowledged.add(answer["_id"])
        elif answer["error"]["type"] == "index_not_found_exception":
            raise IndexGoneError(alias)
        else:
            _log.error("card %s was refused: %s", answer["_id"], answer["error"])
    return acknowledged


def _acknowledge(session: AnySession, sent: Iterable[tuple[str, int]]) -> None:
    rows = list(sent)
    for at in range(0, len(rows), BATCH):
        ids, versions = zip(*rows[at : at + BATCH], strict=True)
        session.execute(_ACKNOWLEDGED, {"ids": list(ids), "versions": list(versions)})


# --- Building it anew --------------------------------------------------------------------------------------


def is_current(settings: ElasticSettings) -> bool:
    """Whether there is a live index, made as this release makes it."""
    client = client_for(settings)
    try:
        found = client.indices.get_mapping(index=alias_of(settings))
    except NotFoundError:
        return False
    return all(each["mappings"].get("_meta", {}).get("made") == FINGERPRINT for each in found.values())


def rebuild(
    engine: Engine, settings: ElasticSettings, *, progress: Callable[[int], object] = lambda count: None
) -> int:
    """Build a new index beside the live one and let it take over; returns how many documents it has.

    Nothing written meanwhile is lost: once the build is listed, changes are sent to it as well. Raises BuildError
    if another one is at work or the counts do not agree. What a killed run left is cleared by the next.
    """
    client, alias = client_for(settings), alias_of(settings)
    with _one_at_a_time(engine):
        _clear(engine, client, alias)
        with Session(engine) as session:
            name = f"{alias}-{new_version(session)}"
        try:
            create(client, name)
            with Session(engine) as session, session.begin():
                session.execute(sa.text("insert into index_builds (name) values (:name)"), {"name": name})
            covered = fill(engine, client, name, progress=progress)
            client.indices.put_settings(index=name, settings={"index": LIVE})
            client.indices.flush(index=name)  # what was written lazily must outlive a power cut before it counts
            count = _take_over(engine, settings, name, covered)
        finally:
            _clear(engine, client, alias)
    return count


def create(client: Elasticsearch, name: str) -> None:
    """An empty index, set to be filled fast."""
    client.indices.create(
        index=name,
        mappings={**MAPPINGS, "_meta": {"made": FINGERPRINT}},
        settings={"index": {**SETTINGS, **WHILE_BUILT}},
        aliases={_writing(name): {}},
    )


def fill(
    engine: Engine, client: Elasticsearch, name: str, *, progress: Callable[[int], object] = lambda count: None
) -> list[tuple[str, int]]:
    """Send every stored document, as one moment saw them; returns the waiting changes this covers."""
    covered: list[tuple[str, int]] = []
    again: list[UUID] = []

    def stream() -> Iterator[Change]:
        with engine.connect().execution_options(stream_results=True, max_row_buffer=BATCH) as connection:
            for rows in connection.execute(_ALL_DOCUMENTS).partitions(BATCH):
                for card_id, version, document, was_waiting in rows:
                    if was_waiting:
                        covered.append((card_id, version))
                    yield card_id, version, document
                progress(len(rows))

    answers = helpers.parallel_bulk(
        client.options(request_timeout=_SECONDS),
        stream(),  # type: ignore[arg-type] # what `_expand` takes
        index=_writing(name),
        require_alias=True,
        thread_count=THREADS,
        chunk_size=BATCH,
        raise_on_error=False,
        expand_action_callback=_expand,  # type: ignore[arg-type]
    )
    for is_done, item in answers:
        if is_done or item["index"]["status"] == 409:  # a change that was sent meanwhile is newer
            continue
        if item["index"]["status"] != 429:
            raise BuildError(f"card {item['index']['_id']} was refused: {item['index'].get('error')}")
        again.append(UUID(item["index"]["_id"]))
    for at in range(0, len(again), BATCH):
        with Session(engine) as session:
            rows = session.execute(_DOCUMENTS, {"ids": again[at : at + BATCH]})
            _send(client, _writing(name), [(row[0], row[1], row[2]) for row in rows])
    return covered


def _take_over(engine: Engine, settings: ElasticSettings, name: str, covered: list[tuple[str, int]]) -> int:
    """Send what waits, verify, and swap; the queue forgets what the new index has only if it takes over."""
    client, alias = client_for(settings), alias_of(settings)
    with Session(engine) as session, session.begin():
        _acknowledge(session, covered)
        count = _verified(session, client, name)
        live = [
            index for index, held in client.indices.get(index=f"{alias}-*").items() if alias in held["aliases"]
        ]
        client.indices.update_aliases(
            actions=[
                *({"remove": {"index": index, "alias": alias}} for index in live),
                {"add": {"index": name, "alias": alias}},
            ]
        )
        session.execute(sa.text("delete from index_builds where name = :name"), {"name": name})
        begin_generation(session)
    return count


def _verified(session: AnySession, client: Elasticsearch, name: str) -> int:
    """How many documents the new index has, once that is as many as are stored but for what still waits."""
    stored = held = 0
    for _try in range(_TRIES):
        while due := session.execute(_DUE, {"most": BATCH}).all():
            changes = _read_changes(session, due)
            done = _send(client, _writing(name), changes)
            if not done:
                break
            _acknowledge(
                session, [(card_id, version) for card_id, version, _document in changes if card_id in done]
            )
        stored = int(session.execute(sa.text("select count(*) from course_documents")).scalar_one())
        still = waiting(session)
        client.indices.refresh(index=name)
        held = int(client.count(index=name)["count"])
        if abs(held - stored) <= still:
            return held
    raise BuildError(f"the new index has {held} documents, but {stored} are stored")


def _clear(engine: Engine, client: Elasticsearch, alias: str) -> None:
    """Delete every index of ours that is not the live one, and take builds off the list."""
    found = client.indices.get(index=f"{alias}-*", allow_no_indices=True)
    for name, held in found.items():
        if alias not in held["aliases"]:
            client.indices.delete(index=name, ignore_unavailable=True)
    with engine.begin() as connection:
        connection.execute(sa.text("delete from index_builds where name like :ours"), {"ours": f"{alias}-%"})


@contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[None]:
    with engine.connect() as connection:
        mine = connection.execute(sa.text("select pg_try_advisory_xact_lock(hashtextextended('index_builds', 0))"))
        if not mine.scalar_one():
            raise BuildError("another rebuild is at work")
        yield
