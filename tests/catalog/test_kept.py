"""What a process keeps of the catalog between requests is never older than the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import scope
from app.catalog import published
from app.catalog.documents import build_documents
from app.catalog.search import store
from app.catalog.search.contract import Page, Query
from app.catalog.search.kept import SHARE, Costly, Kept
from app.catalog.search.pages import assemble
from app.catalog.search.postgres import PostgresSearch
from app.clock import today
from app.db import db
from tests.factories import Make
from tests.support.pages import LintingClient

Look = Callable[..., list[sa.Row[tuple[object, ...]]]]


@contextmanager
def visiting(app: Flask) -> Iterator[None]:
    """A transaction of its own; what was written in it is gone unless it was committed."""
    with app.app_context(), scope.opened(scope.VISITOR):
        yield
        db.session.rollback()
        db.session.remove()


def write(*course_ids: int) -> None:
    card_ids = {card_id for course_id in course_ids for card_id in published.cards_of(db.session, course_id)}
    store.write(db.session, build_documents(db.session, card_ids, on=today()))


def index(app: Flask, *course_ids: int) -> None:
    with visiting(app):
        write(*course_ids)
        db.session.commit()


def forget(app: Flask, course_id: int) -> None:
    with visiting(app):
        store.delete(db.session, published.cards_of(db.session, course_id), version=store.new_version(db.session))
        db.session.commit()


def search(query: Query, **kept: Any) -> Page:
    return assemble(PostgresSearch(db.session), db.session, query, **kept)


def count(client: LintingClient, path: str = "/courses") -> str:
    page = client.get(path).get_data(as_text=True)
    return page.split('role="status"><b>', 1)[1].split("<", 1)[0]


def test_a_write_to_the_index_shows_on_the_next_request(app: Flask, client: LintingClient, make: Make) -> None:
    first, second = make.course(), make.course()
    index(app, first.id)
    assert [count(client), count(client)] == ["1", "1"]
    index(app, second.id)
    assert [count(client), count(client, "/courses?sort=price")] == ["2", "2"]
    forget(app, first.id)
    assert [count(client), count(client, "/courses?sort=price")] == ["1", "1"]


def test_an_answer_from_a_transaction_that_was_undone_is_never_given_again(app: Flask, make: Make) -> None:
    query = Query(on=today())
    first, second = make.course(), make.course()
    index(app, first.id)
    with visiting(app):
        write(second.id)
        undone = store.generation(db.session)
        assert search(query, generation=undone).total == 2
    with visiting(app):
        generation = store.generation(db.session)
        assert generation != undone
        assert search(query, generation=generation).total == 1


def test_every_write_begins_another_generation(app: Flask, make: Make) -> None:
    course = make.course()
    seen = []
    for change in (index, index, forget):
        change(app, course.id)
        with visiting(app):
            seen.append(store.generation(db.session))
    assert None not in seen
    assert len(set(seen)) == 3


def test_a_page_holds_until_a_document_or_a_seat_it_shows_changes(app: Flask, make: Make, look: Look) -> None:
    run = make.run()
    index(app, run.course_id)
    with visiting(app):
        generation = store.generation(db.session)
        assert generation is not None
        page = search(Query(on=today()), generation=generation)
        proof = store.Proof.of(page, generation)
        assert store.holds(db.session, proof)
    make.session.execute(sa.text("update run_seats set taken = taken + 1"))
    make.session.commit()
    with visiting(app):
        assert not store.holds(db.session, proof)
        again = search(Query(on=today()), generation=generation)
        assert [card.runs[0].taken for card in (*page.cards, *again.cards)] == [0, 1]
        proof = store.Proof.of(again, generation)
        assert store.holds(db.session, proof)
        write(run.course_id)
        assert not store.holds(db.session, proof)


def test_a_page_seen_before_asks_for_the_generation_and_the_seats_in_one_statement(
    app: Flask, client: LintingClient, make: Make
) -> None:
    run = make.run()
    index(app, run.course_id)
    client.get("/courses")
    sent: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", record)
    try:
        client.get("/courses")
    finally:
        sa.event.remove(engine, "before_cursor_execute", record)
    (statement,) = sent
    assert "course_index" in statement
    assert "run_seats" in statement


def test_counts_are_taken_once_for_all_pages_and_orders(app: Flask, make: Make) -> None:
    made = [make.course().id for _ in range(3)]
    index(app, *made)
    with visiting(app):
        generation = store.generation(db.session)
        pages = [search(Query(on=today(), page=number, per_page=2), generation=generation) for number in (1, 2)]
        assert sorted(card.course_id for page in pages for card in page.cards) == made
        assert pages[0].facets is pages[1].facets
        assert pages[0].facets == search(Query(on=today(), per_page=2)).facets


def test_the_shapes_there_are_are_read_once_for_a_generation(app: Flask, make: Make) -> None:
    course = make.course()
    index(app, course.id)
    with visiting(app):
        generation = store.generation(db.session)
        shapes = store.shapes(db.session, generation=generation)
        assert {shape.key for shape in shapes} == {"6-18-02-04|5|employment|1|1"}
        assert store.shapes(db.session, generation=generation) is shapes
    index(app, make.course(fee_fen=0).id)
    with visiting(app):
        assert len(store.shapes(db.session, generation=store.generation(db.session))) == 2


def test_cards_are_read_in_the_order_asked_and_those_gone_are_left_out(app: Flask, make: Make) -> None:
    courses = [make.course(title=f"焊工{number}班") for number in range(3)]
    index(app, *(course.id for course in courses))
    with visiting(app):
        card_ids = [published.cards_of(db.session, course.id).pop() for course in reversed(courses)]
        store.delete(db.session, card_ids[1:2], version=store.new_version(db.session))
        rows = store.read_cards(db.session, card_ids)
        assert [row.card["title"] for row in rows] == ["焊工2班", "焊工0班"]


@pytest.mark.parametrize("who", ["signed in", "answered", "flashed", "English"])
def test_a_page_made_for_a_stranger_is_not_shown_to_someone_known(
    app: Flask, client: LintingClient, make: Make, login: Callable[..., None], who: str
) -> None:
    run = make.run()
    index(app, run.course_id)
    stranger = client.get("/courses").get_data(as_text=True)
    if who == "signed in":
        login(client, make.user(display_name="张三"))
    else:
        with client.session_transaction() as session:
            session.update(
                {
                    "answered": {"answers": {"situations": "registered_unemployed"}},
                    "flashed": {"_flashes": [("success", "只给我看的话")]},
                    "English": {"locale": "en"},
                }[who]
            )
    known = client.get("/courses").get_data(as_text=True)
    shows = {"signed in": "张三", "answered": "改我的回答", "flashed": "只给我看的话", "English": 'lang="en"'}[who]
    assert shows in known
    assert shows not in stranger.replace('lang="en" hreflang="en"', "")
    assert app.test_client().get("/courses").get_data(as_text=True) == stranger


def test_what_was_used_least_lately_is_forgotten_first() -> None:
    kept: Kept[str, int] = Kept(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]
    assert kept.get_or("b", lambda: 4) == 4


# --- What takes long to make ---------------------------------------------------------------------------------


def _counting(took: float) -> tuple[Costly[str, int], Callable[[str], int], Callable[[float], None]]:
    """What takes so many seconds to count, what is shown for a generation, and a way to let time pass."""
    now = [0.0]
    made = [0]
    kept: Costly[str, int] = Costly(4, clock=lambda: now[0])

    def make() -> int:
        now[0] += took
        made[0] += 1
        return made[0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    return kept, lambda generation: kept.get_or("trades", generation, make), wait


def test_what_is_quickly_counted_is_counted_for_every_generation() -> None:
    _kept, shown, _wait = _counting(took=0.01)
    assert [shown("a"), shown("a"), shown("b"), shown("a")] == [1, 1, 2, 3]


def test_what_takes_long_to_count_is_shown_a_while_though_the_documents_changed() -> None:
    _kept, shown, wait = _counting(took=2.0)
    assert [shown("a"), shown("b")] == [1, 1]
    wait(2.0 * SHARE - 1)
    assert shown("c") == 1
    wait(2)
    assert shown("c") == 2
