"""Pages made of what an engine found: kept per generation, seats always those of now, words nobody has named."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app import scope
from app.catalog.search import store
from app.catalog.search.contract import Found, Query, Sort, Term
from app.catalog.search.pages import assemble
from app.catalog.search.postgres import PostgresSearch
from app.catalog.search.ranking import Plan
from app.catalog.services import searching
from app.db import db
from tests.factories import Make
from tests.support.documents import TODAY, card_id, document

WHOLE = Query(on=TODAY)


class Counting(PostgresSearch):
    """PostgreSQL, with a note of every question."""

    def __init__(self, name: str = "postgres") -> None:
        super().__init__(db.session)
        self.name = name
        self.asked: list[bool] = []

    def find(self, plan: Plan, *, size: int, is_counted: bool = True, **how: Any) -> Found:
        self.asked.append(is_counted)
        return super().find(plan, size=size, is_counted=is_counted, **how)


@pytest.fixture
def opened(app: Flask) -> Iterator[None]:
    """A visitor's transaction, undone afterwards."""
    with app.app_context(), scope.opened(scope.VISITOR):
        yield
        db.session.rollback()
        db.session.remove()


pytestmark = pytest.mark.usefixtures("opened")


def write(*numbers: int, **values: Any) -> None:
    store.write(db.session, [document(number, **values) for number in numbers])


def test_a_page_is_found_once_in_a_generation_and_counted_once_for_all_pages_and_orders() -> None:
    write(*range(1, 50))
    engine, generation = Counting(), store.generation(db.session)
    first = assemble(engine, db.session, WHOLE, generation=generation)
    assert engine.asked == [True]
    assert assemble(engine, db.session, WHOLE, generation=generation) == first
    second = assemble(engine, db.session, replace(WHOLE, page=2), generation=generation)
    assert engine.asked == [True, False]
    assert second.facets is first.facets
    assemble(engine, db.session, replace(WHOLE, page=3), generation=generation)
    assert engine.asked == [True, False]
    assemble(engine, db.session, replace(WHOLE, sort=Sort.PRICE), generation=generation)
    assert engine.asked == [True, False, False]


def test_a_write_is_seen_by_the_next_page() -> None:
    write(1)
    engine = Counting()
    assert assemble(engine, db.session, WHOLE, generation=store.generation(db.session)).total == 1
    write(2)
    assert assemble(engine, db.session, WHOLE, generation=store.generation(db.session)).total == 2


@pytest.mark.parametrize(
    ("query", "name", "has_generation"),
    [(replace(WHOLE, near=((1,),)), "postgres", True), (WHOLE, "elasticsearch", True), (WHOLE, "postgres", False)],
)
def test_nothing_is_kept_of_a_place_nor_of_an_engine_that_may_lag_behind(
    query: Query, name: str, has_generation: bool
) -> None:
    write(1)
    engine = Counting(name)
    generation = store.generation(db.session) if has_generation else None
    for _n in range(2):
        assemble(engine, db.session, query, generation=generation)
    assert engine.asked == [True, True]


def test_seats_are_those_of_now_though_the_page_was_found_before(app: Flask, make: Make) -> None:
    run = make.run()
    made = document(1)
    card = {**made.card, "runs": [{**made.card["runs"][0], "id": run.id}]}
    store.write(db.session, [replace(made, card=card)])
    generation = store.generation(db.session)

    def left() -> int:
        (card,) = assemble(Counting(), db.session, WHOLE, generation=generation).cards
        return card.runs[0].left

    before = left()
    make.session.execute(sa.text("update run_seats set taken = taken + 1 where run_id = :id"), {"id": run.id})
    make.session.commit()
    assert left() == before - 1


def test_a_hit_whose_document_is_gone_is_left_out() -> None:
    class Lagging(Counting):
        def find(self, plan: Plan, *, size: int, is_counted: bool = True, **how: Any) -> Found:
            found = super().find(plan, size=size, is_counted=is_counted, **how)
            gone = found.hits[0]._replace(card_id=card_id(99))
            return replace(found, hits=(gone, *found.hits))

    write(1)
    assert [card.course_id for card in assemble(Lagging(), db.session, WHOLE).cards] == [1]


def test_pages_after_the_head_go_on_without_its_cards() -> None:
    asked: list[tuple[int, int, Collection[UUID]]] = []

    class Noting(Counting):
        def find(self, plan: Plan, *, size: int, is_counted: bool = True, **how: Any) -> Found:
            asked.append((size, how.get("offset", 0), how.get("without_cards", ())))
            return super().find(plan, size=size, is_counted=is_counted, **how)

    write(*range(1, 321))
    page = assemble(Noting(), db.session, replace(WHOLE, page=12))
    assert [card.course_id for card in page.cards] == list(range(221, 241))
    assert asked[-1] == (100, 100, [card_id(n) for n in range(1, 101)])


# --- Words nobody has --------------------------------------------------------------------------------------


def word(text: str) -> Term:
    return Term(text, (text,))


def test_where_nothing_is_found_words_no_course_has_are_left_out_and_named() -> None:
    write(1)
    answer = searching.search(query=replace(WHOLE, terms=(word("焊工"), word("潜水"))), engine=Counting())
    assert [card.course_id for card in answer.page.cards] == [1]
    assert [term.text for term in answer.unknown] == ["潜水"]
    assert answer.query.terms == (word("焊工"),)


def test_words_that_are_only_nowhere_together_are_not_called_unknown() -> None:
    store.write(db.session, [document(1, "焊工"), document(2, "电工")])
    query = replace(WHOLE, terms=(word("焊工"), word("电工")))
    answer = searching.search(query=query, engine=Counting())
    assert (answer.page.total, answer.unknown, answer.query) == (0, (), query)


def test_filters_are_never_left_out() -> None:
    write(1, mode="day")
    query = replace(WHOLE, terms=(word("焊工"), word("潜水")), modes=("weekend",))
    answer = searching.search(query=query, engine=Counting())
    assert answer.page.total == 0
    assert [term.text for term in answer.unknown] == ["潜水"]
    assert answer.query.modes == ("weekend",)


def test_if_every_word_is_unknown_nothing_is_found() -> None:
    write(1)
    answer = searching.search(query=replace(WHOLE, terms=(word("潜水"),)), engine=Counting())
    assert answer.page.total == 0
    assert [term.text for term in answer.unknown] == ["潜水"]
