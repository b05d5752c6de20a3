"""One suite for every search engine, continued: in what order cards come, and on which page."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from app.catalog.search.contract import (
    WINDOW,
    Shape,
    Sort,
)
from app.catalog.search.fairness import HEAD_PAGES, share_of
from app.catalog.search.ranking import Reason
from tests.contracts.conftest import Engine
from tests.support.documents import WELDER, card_id, document
from tests.support.searches import ask, ids


def test_best_puts_words_in_the_title_first_then_shortage_then_seats_then_the_sooner_start(engine: Engine) -> None:
    engine.write(
        [
            document(1, "焊工", starts_in=(20,)),
            document(2, "钳工", body="焊工", starts_in=(1,)),
            document(3, "焊工", starts_in=(3,), is_shortage=False),
            document(4, "焊工", starts_in=(3,), seats_left=0),
            document(5, "焊工", starts_in=(3,)),
            document(6, "焊工", starts_in=()),
        ]
    )
    assert ids(engine.page(ask("焊工"))) == [5, 1, 4, 6, 3, 2]


def test_what_is_free_for_the_person_and_then_what_is_near_comes_first_and_says_so(engine: Engine) -> None:
    free = frozenset({Shape(WELDER, 4, "employment", True, True).key})
    engine.write(
        [
            document(1, region_ids=(9,)),
            document(2, region_ids=(2,)),
            document(3, region_ids=(1,)),
            document(4, level=4),
        ]
    )
    page = engine.page(ask(free=free, near=((1, 2), (1,))))
    assert ids(page) == [4, 3, 2, 1]
    assert [dict(card.reasons).get(Reason.NEAR, 0) for card in page.cards] == [2, 2, 1, 0]
    assert [Reason.FREE in dict(card.reasons) for card in page.cards] == [True, False, False, False]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [(Sort.STARTS_SOON, [3, 1, 2, 4]), (Sort.PRICE, [4, 2, 1, 3]), (Sort.SEATS, [1, 2, 3, 4])],
)
def test_sorts(engine: Engine, sort: Sort, expected: list[int]) -> None:
    engine.write(
        [
            document(1, fee_fen=200, seats_left=9, starts_in=(5,)),
            document(2, fee_fen=100, seats_left=8, starts_in=(6,)),
            document(3, fee_fen=300, seats_left=1, starts_in=(4,)),
            document(4, fee_fen=100 - 1, seats_left=0, starts_in=()),
        ]
    )
    assert ids(engine.page(ask(sort=sort))) == expected


@pytest.mark.parametrize("sort", list(Sort))
def test_walking_all_pages_shows_each_card_exactly_once(engine: Engine, sort: Sort) -> None:
    engine.write(document(n, starts_in=(5 + n % 3,), fee_fen=n % 2 * 100) for n in range(1, 48))
    first = engine.page(ask("焊工", sort=sort))
    walked = [
        course_id
        for number in range(1, first.pages + 1)
        for course_id in ids(engine.page(ask("焊工", sort=sort, page=number)))
    ]
    assert first.pages == 3
    assert sorted(walked) == list(range(1, 48))


def test_one_institution_fills_at_most_a_third_of_a_page_unless_it_was_asked_for(engine: Engine) -> None:
    engine.write(document(n, tenant_id=1 if n <= 90 else 2 + n % 5) for n in range(1, 181))
    for number in range(1, HEAD_PAGES + 1):
        shown = Counter(card.tenant_id for card in engine.page(ask(page=number)).cards)
        assert max(shown.values()) <= share_of(20)
    assert {card.tenant_id for card in engine.page(ask(institutions=(1,))).cards} == {1}
    assert {card.tenant_id for card in engine.page(ask(sort=Sort.STARTS_SOON)).cards} == {1}


@pytest.mark.parametrize("sort", [Sort.BEST, Sort.PRICE])
def test_a_page_past_the_end_is_the_last_one(engine: Engine, sort: Sort) -> None:
    engine.write(document(n) for n in range(1, 23))
    for number in (3, 99, WINDOW, 10**9):
        page = engine.page(ask(page=number, sort=sort))
        assert (page.page, len(page.cards), page.is_cut) == (2, 2, False)
    assert engine.page(ask(page=0)).page == 1


def test_there_is_an_end_to_turning_pages_and_the_last_is_whole(engine: Engine) -> None:
    one = document(1)
    engine.write(
        replace(
            one,
            card_id=card_id(n),
            course_id=n,
            tokens=(),
            suggest=(),
            card={**one.card, "card_id": str(card_id(n)), "course_id": n},
        )
        for n in range(1, WINDOW + 42)
    )
    for sort in (Sort.BEST, Sort.SEATS):
        page = engine.page(ask(page=10**6, sort=sort))
        assert (page.page, page.pages, page.total, page.is_cut) == (WINDOW // 20, WINDOW // 20, WINDOW + 41, True)
        assert ids(page) == list(range(WINDOW - 19, WINDOW + 1))
