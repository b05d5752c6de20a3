"""The search's commands for operators: `flask search query`, `flask search check` and `flask reindex`."""

from __future__ import annotations

import json
import time
from typing import Any

import click
from flask.cli import with_appcontext
from tqdm import tqdm

from app import scope
from app.catalog import asking
from app.catalog.search import backend, elastic_check, elastic_index
from app.catalog.search.contract import Card, EngineGoneError, SearchBackend
from app.catalog.search.elastic import NAME as ELASTICSEARCH
from app.catalog.search.elastic import ElasticsearchSearch
from app.catalog.search.postgres import NAME as POSTGRES
from app.catalog.search.postgres import PostgresSearch
from app.catalog.search.reindex import reindex_all
from app.catalog.search.understanding import Understood
from app.catalog.services import browsing, searching
from app.clock import today
from app.config import ElasticSettings
from app.db import db

MOST_LISTED = 20


@click.group("search")
def search() -> None:
    """Ask the public search, and compare its index with the database."""


@search.command("query")
@click.argument("text")
@click.option("--engine", type=click.Choice([POSTGRES, ELASTICSEARCH]), help="Default: as the pages have it.")
@click.option(
    "--filter", "filters", multiple=True, metavar="NAME=VALUE", help="As in a catalog address; repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_appcontext
def query(text: str, engine: str | None, filters: tuple[str, ...], as_json: bool) -> None:
    """What TEXT was understood as, and the courses it finds, in order, with the parts of their scores.

    Filters are named as in the address of a catalog page: region=130108, level=5, mode=weekend, shortage=1,
    sort=price, page=2 and so on.
    """
    on = today()
    asked = _asked(text, filters)
    with scope.opened(scope.VISITOR):
        began = time.monotonic()
        generation = searching.generation()
        understood = browsing.understand(asked.q, on=on, is_exact=asked.exact, generation=generation)
        joined = asked.joined(understood.rest, ((part.facet, part.value) for part in understood.choices))
        region_ids = {place.code: place.id for place in browsing.places(generation=generation).values()}
        wanted = asking.query_of(joined, understood.terms, on=on, region_ids=region_ids)
        try:
            answer = searching.search(
                query=wanted, generation=generation, engine=_engine(engine), is_explained=True
            )
        except EngineGoneError as error:
            raise click.ClickException(f"{engine} did not answer: {error}") from error
        found = {
            "text": asked.q,
            "understood": _understood(understood),
            "filters": [[name, value] for name, value in joined.pairs() if name != "q"],
            "not_found": [term.text for term in answer.unknown],
            "engine": answer.page.engine,
            "is_fallback": answer.page.is_fallback,
            "took_ms": round((time.monotonic() - began) * 1000),
            "total": answer.page.total,
            "runs": answer.page.runs,
            "page": answer.page.page,
            "results": [_result(card) for card in answer.page.cards],
        }
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else _as_text(found))


def _asked(text: str, filters: tuple[str, ...]) -> asking.Asked:
    pairs = [("q", text)]
    for each in filters:
        name, equals, value = each.partition("=")
        if not equals:
            raise click.BadParameter(f"{each!r} is not NAME=VALUE", param_hint="--filter")
        pairs.append((name, value))
    asked = asking.read(pairs, on=today())
    for name, value in pairs[1:]:
        kept = getattr(asked, name, ())
        kept = kept if isinstance(kept, tuple) else (int(kept) if isinstance(kept, bool) else kept,)
        if value not in map(str, kept):
            raise click.BadParameter(f"{name}={value} means nothing", param_hint="--filter")
    return asked


def _engine(name: str | None) -> SearchBackend | None:
    if name == POSTGRES:
        return PostgresSearch(db.session)
    return ElasticsearchSearch(_settings()) if name == ELASTICSEARCH else None


def _settings() -> ElasticSettings:
    settings = backend.elastic_settings()
    if settings is None:
        raise click.ClickException("There is no Elasticsearch: ELASTICSEARCH_URL is not set.")
    return settings


def _understood(understood: Understood) -> dict[str, Any]:
    return {
        "choices": [[part.facet, part.value, part.text] for part in understood.choices],
        "terms": [
            {"text": term.text, "trades": list(term.trades), "said": term.said} for term in understood.terms
        ],
        "corrected": [[part.text, part.value] for part in understood.corrected],
        "ignored": list(understood.ignored),
    }


def _result(card: Card) -> dict[str, Any]:
    return {
        "course_id": card.course_id,
        "title": card.title,
        "trade_code": card.shape.trade_code,
        "trade": card.trade,
        "institution": card.institution,
        "score": sum(points for _reason, points in card.reasons),
        "parts": dict(card.reasons),
    }


def _as_text(found: dict[str, Any]) -> str:
    understood = found["understood"]
    lines = [f"filter   {name}={value}" for name, value in found["filters"]]
    for term in understood["terms"]:
        trades = f"  trades {' '.join(term['trades'])}" if term["trades"] else ""
        lines.append(f"word     {term['text']}{trades}")
    lines += [f"read as  {text} → {value}" for text, value in understood["corrected"]]
    lines += [f"ignored  {text}" for text in understood["ignored"]]
    lines += [f"unknown  {text}" for text in found["not_found"]]
    by = f"{found['engine']}{', standing in' if found['is_fallback'] else ''}"
    lines.append(f"{found['total']} courses, {found['runs']} classes; {by}, {found['took_ms']} ms")
    for rank, result in enumerate(found["results"], start=1):
        parts = " ".join(f"{reason}+{points}" for reason, points in result["parts"].items())
        lines.append(
            f"{rank:3}  {result['trade_code']}  {result['score']:4}  {result['title']} · {result['institution']}"
            f"  ({parts})  #{result['course_id']}"
        )
    return "\n".join(lines)


@search.command("check")
@click.option("--repair/--no-repair", default=True, show_default=True, help="Send again what differs.")
@with_appcontext
def check(repair: bool) -> None:
    """Compare Elasticsearch's index with the stored documents, say what differs, and repair it.

    Ends with an error if something differed and was not repaired.
    """
    settings = _settings()
    if not elastic_index.is_current(settings):
        raise click.ClickException("There is no index, or one of another release: `flask reindex --engine-only`.")
    found = elastic_check.compare(db.engine, settings)
    _say(found)
    if len(found) and repair:
        found = elastic_check.repair(db.engine, settings, found)
        click.echo(f"after the repair: {len(found)} differences")
    if len(found):
        raise SystemExit(1)


def _say(found: elastic_check.Differences) -> None:
    for name in ("missing", "stale", "surplus", "ahead"):
        cards = getattr(found, name)
        for card_id in list(cards)[:MOST_LISTED]:
            click.echo(f"{name}: {card_id}")
        if len(cards) > MOST_LISTED:
            click.echo(f"{name}: and {len(cards) - MOST_LISTED} more")
    click.echo(f"{found.compared} documents compared, {len(found)} differences")


@click.command("reindex")
@click.option("--engine-only", is_flag=True, help="Build Elasticsearch's index from the documents as stored.")
@with_appcontext
def reindex(engine_only: bool) -> None:
    """Build the public search again: the stored documents, then Elasticsearch's index of them, if there is one."""
    if not engine_only:
        with scope.opened(scope.VISITOR), tqdm(unit=" documents", desc="documents") as bar:
            for count in reindex_all(db.session):
                db.session.commit()
                bar.update(count)
            db.session.commit()
        click.echo(f"{bar.n} courses can be found.")
    if engine_only or backend.elastic_settings() is not None:
        with tqdm(unit=" documents", desc="index") as bar:
            try:
                count = elastic_index.rebuild(db.engine, _settings(), progress=bar.update)
            except elastic_index.BuildError as error:
                raise click.ClickException(f"The index could not be built: {error}.") from error
        click.echo(f"{count} documents are in Elasticsearch's index.")
