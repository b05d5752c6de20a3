"""One suite for every search backend: what is found, in what order, counted how, on which page.

A backend joins by adding a fixture parameter; nothing here knows how it stores anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from app import scope
from app.catalog.search.analysis import document_grams, words
from app.catalog.search.contract import (
    NO_LEVEL,
    SOON,
    Document,
    FacetName,
    Page,
    Query,
    SearchBackend,
    Shape,
    Sort,
)
from app.catalog.search.postgres import PostgresSearch
from app.db import db

TODAY = date(2026, 11, 23)


@pytest.fixture(params=["postgres"])
def backend(request: pytest.FixtureRequest, app: Flask) -> Iterator[SearchBackend]:
    """Each backend, empty, undone afterwards."""
    with app.app_context(), scope.opened(scope.VISITOR):
        yield PostgresSearch(db.session)
        db.session.rollback()
        db.session.remove()


def document(course_id: int, title: str = "焊工（五级）职业技能培训", **values: Any) -> Document:
    """A document with everything at a default; `starts_in` are days from today, `body` is searchable text."""
    starts = [TODAY + timedelta(days=days) for days in values.pop("starts_in", (10,))]
    body = values.pop("body", "")
    seats_left = values.pop("seats_left", 5)
    fields: dict[str, Any] = {
        "version": 1,
        "tenant_id": 1,
        "region_id": 1,
        "region_ids": (1,),
        "trade_id": 1,
        "trade_code": "6-18-02-04",
        "category": "装备制造",
        "is_shortage": True,
        "is_subsidised": True,
        "level": 5,
        "form": "employment",
        "mode": "day",
        "fee_fen": 180000,
        **values,
    }
    card = {name: fields[name] for name in ("trade_code", "category", "level", "form", "mode", "fee_fen")}
    card |= {
        "course_id": course_id,
        "title": title,
        "trade": "焊工",
        "trade_en": "Welder",
        "is_shortage": fields["is_shortage"],
        "is_subsidised": fields["is_subsidised"],
        "institution": "示例机构",
        "place": "示例路 1 号",
        "region_ids": list(fields["region_ids"]),
        "hours": 100,
        "practice_hours": 60,
        "certificate": "level",
        "runs": [
            {
                "id": course_id * 100 + at,
                "region_id": fields["region_ids"][0],
                "starts_on": day.isoformat(),
                "ends_on": day.isoformat(),
                "seats": 30,
                "taken": 30 - seats_left,
                "waiting": 0,
            }
            for at, day in enumerate(starts)
        ],
    }
    return Document(
        course_id=course_id,
        start_dates=tuple(sorted(starts)),
        seats_left=seats_left,
        card=card,
        grams=document_grams(heading=[title], body=[body]),
        **fields,
    )


def ask(text: str = "", **values: Any) -> Query:
    return Query(on=TODAY, terms=words(text), **values)


def ids(page: Page) -> list[int]:
    return [card.course_id for card in page.cards]


def counts(page: Page, name: FacetName) -> dict[str, int]:
    return {option.value: option.count for option in page.facet(name).options}


# --- Finding -----------------------------------------------------------------------------------------------


def test_a_word_is_found_inside_a_chinese_title(backend: SearchBackend) -> None:
    backend.index([document(1, "高级电工培训课程"), document(2, "焊工培训")])
    assert ids(backend.search(ask("电工"))) == [1]


def test_words_may_stand_apart_in_the_document(backend: SearchBackend) -> None:
    backend.index([document(1, "电工（高级）周末班"), document(2, "高级焊工")])
    assert ids(backend.search(ask("高级电工"))) == [1]


def test_every_word_must_be_found(backend: SearchBackend) -> None:
    backend.index([document(1, "电工", body="裕华区"), document(2, "电工", body="长安区")])
    assert ids(backend.search(ask("电工 裕华区"))) == [1]


def test_one_character_is_enough(backend: SearchBackend) -> None:
    backend.index([document(1, "茶艺师"), document(2, "焊工")])
    assert ids(backend.search(ask("茶"))) == [1]


@pytest.mark.parametrize("text", ["CNC lathe", "cnc", "LATHE operator", "\uff23\uff2e\uff23"])
def test_english_words_are_found_in_any_case_and_width(backend: SearchBackend, text: str) -> None:
    backend.index([document(1, "数控车工", body="CNC lathe operator"), document(2, "焊工", body="Welder")])
    assert ids(backend.search(ask(text))) == [1]


def test_nothing_is_found_for_words_no_course_has(backend: SearchBackend) -> None:
    backend.index([document(1)])
    page = backend.search(ask("潜水"))
    assert (page.total, page.cards, page.page, page.pages) == (0, (), 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "焊" * 10_000,
        "%' OR 1=1 --",
        "\x00焊\x00工",
        "a" * 10_000,
        "{焊工}",
        '"\\',
        "🔧" * 500,
        "\u202e焊工",
        " ",
        "'''",
    ],
)
def test_hostile_text_is_answered_and_never_an_error(backend: SearchBackend, text: str) -> None:
    backend.index([document(1)])
    assert backend.search(ask(text)).total in (0, 1)


# --- Narrowing ---------------------------------------------------------------------------------------------


def mixed() -> list[Document]:
    return [
        document(1, mode="day", level=5, region_ids=(1,), starts_in=(5,)),
        document(
            2, mode="weekend", level=4, region_ids=(2,), starts_in=(40,), is_shortage=False, category="建筑业"
        ),
        document(3, mode="weekend", level=None, region_ids=(1, 2), starts_in=(5, 70), is_subsidised=False),
        document(4, mode="evening", level=5, region_ids=(3,), starts_in=(), fee_fen=0),
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"modes": ("weekend",)}, {2, 3}),
        ({"modes": ("weekend", "evening")}, {2, 3, 4}),
        ({"levels": (5,)}, {1, 4}),
        ({"levels": (NO_LEVEL,)}, {3}),
        ({"regions": (2,)}, {2, 3}),
        ({"categories": ("建筑业",)}, {2}),
        ({"only_shortage": True}, {1, 3, 4}),
        ({"starts": (SOON,)}, {1, 3}),
        ({"starts": ("2027-01",)}, {2}),
        ({"starts": (SOON, "2027-01")}, {1, 2, 3}),
        ({"modes": ("weekend",), "levels": (4,)}, {2}),
        ({"modes": ("day",), "levels": (4,)}, set()),
    ],
)
def test_choices_narrow_within_a_facet_by_or_and_across_facets_by_and(
    backend: SearchBackend, choice: dict[str, Any], expected: set[int]
) -> None:
    backend.index(mixed())
    page = backend.search(ask(**choice))
    assert set(ids(page)) == expected
    assert page.total == len(expected)


def test_a_facet_is_counted_without_its_own_choice(backend: SearchBackend) -> None:
    backend.index(mixed())
    page = backend.search(ask(modes=("weekend",), regions=(2,)))
    assert counts(page, FacetName.MODE) == {"weekend": 2}
    assert counts(page, FacetName.REGION) == {"1": 1, "2": 2}
    assert counts(page, FacetName.LEVEL) == {"4": 1, "0": 1}
    assert page.runs == 3


@pytest.mark.parametrize("name", [name for name in FacetName if name is not FacetName.FREE])
def test_every_count_is_what_choosing_it_would_find(backend: SearchBackend, name: FacetName) -> None:
    backend.index(mixed())
    base = ask(modes=("weekend", "day"), only_shortage=True)
    for value, count in counts(backend.search(base), name).items():
        chosen: dict[FacetName, dict[str, Any]] = {
            FacetName.CATEGORY: {"categories": (value,)},
            FacetName.SHORTAGE: {"only_shortage": True},
            FacetName.REGION: {"regions": (int(value),) if value.isdigit() else ()},
            FacetName.LEVEL: {"levels": (int(value),) if value.isdigit() else ()},
            FacetName.MODE: {"modes": (value,)},
            FacetName.START: {"starts": (value,)},
        }
        assert backend.search(replace(base.without(name), **chosen[name])).total == count, value


def test_free_for_me_keeps_exactly_the_shapes_that_are_free(backend: SearchBackend) -> None:
    backend.index(mixed())
    shapes = backend.shapes()
    assert shapes == {
        Shape("6-18-02-04", 5, "employment", True, True),
        Shape("6-18-02-04", 4, "employment", True, True),
        Shape("6-18-02-04", NO_LEVEL, "employment", False, True),
        Shape("6-18-02-04", 5, "employment", True, False),
    }
    free = frozenset(shape for shape in shapes if shape.level == 5)
    page = backend.search(ask(free_shapes=free))
    assert page.total == 4
    assert counts(page, FacetName.FREE) == {"1": 2}
    assert set(ids(backend.search(ask(free_shapes=free, only_free=True)))) == {1, 4}
    assert ids(backend.search(ask(free_shapes=frozenset(), only_free=True))) == []


# --- Order and pages ---------------------------------------------------------------------------------------


def test_best_puts_words_in_the_title_first_then_shortage_then_seats_then_the_sooner_start(
    backend: SearchBackend,
) -> None:
    backend.index(
        [
            document(1, "焊工", starts_in=(20,)),
            document(2, "钳工", body="焊工", starts_in=(1,)),
            document(3, "焊工", starts_in=(3,), is_shortage=False),
            document(4, "焊工", starts_in=(3,), seats_left=0),
            document(5, "焊工", starts_in=(3,)),
            document(6, "焊工", starts_in=()),
        ]
    )
    assert ids(backend.search(ask("焊工"))) == [5, 1, 4, 6, 3, 2]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [(Sort.STARTS_SOON, [3, 1, 2, 4]), (Sort.PRICE, [4, 2, 1, 3]), (Sort.SEATS, [1, 2, 3, 4])],
)
def test_sorts(backend: SearchBackend, sort: Sort, expected: list[int]) -> None:
    backend.index(
        [
            document(1, fee_fen=200, seats_left=9, starts_in=(5,)),
            document(2, fee_fen=100, seats_left=8, starts_in=(6,)),
            document(3, fee_fen=300, seats_left=1, starts_in=(4,)),
            document(4, fee_fen=100 - 1, seats_left=0, starts_in=()),
        ]
    )
    assert ids(backend.search(ask(sort=sort))) == expected


@pytest.mark.parametrize("sort", list(Sort))
def test_walking_all_pages_shows_each_card_exactly_once(backend: SearchBackend, sort: Sort) -> None:
    backend.index(document(n, starts_in=(5 + n % 3,), fee_fen=n % 2 * 100) for n in range(1, 48))
    first = backend.search(ask("焊工", sort=sort))
    walked = [
        course_id
        for number in range(1, first.pages + 1)
        for course_id in ids(backend.search(ask("焊工", sort=sort, page=number)))
    ]
    assert first.pages == 3
    assert sorted(walked) == list(range(1, 48))


def test_a_page_past_the_end_is_the_last_one(backend: SearchBackend) -> None:
    backend.index(document(n) for n in range(1, 23))
    page = backend.search(ask(page=99))
    assert (page.page, len(page.cards)) == (2, 2)


# --- Keeping -----------------------------------------------------------------------------------------------


def test_an_older_document_never_replaces_a_newer_one(backend: SearchBackend) -> None:
    backend.index([document(1, "新的电工", version=2)])
    backend.index([document(1, "旧的焊工", version=1)])
    assert [card.title for card in backend.search(ask()).cards] == ["新的电工"]
    backend.index([document(1, "更新的钳工", version=3)])
    assert [card.title for card in backend.search(ask()).cards] == ["更新的钳工"]


def test_a_deleted_course_is_not_found_and_deleting_twice_is_no_error(backend: SearchBackend) -> None:
    backend.index([document(1), document(2)])
    backend.delete([1, 999])
    backend.delete([1])
    assert ids(backend.search(ask())) == [2]


def test_a_class_that_has_begun_leaves_the_card(backend: SearchBackend) -> None:
    backend.index([document(1, starts_in=(-3, 7))])
    (card,) = backend.search(ask()).cards
    assert [run.starts_on for run in card.runs] == [TODAY + timedelta(days=7)]


def test_a_card_carries_what_decides_the_price(backend: SearchBackend) -> None:
    backend.index([document(1, level=None, fee_fen=0, seats_left=4)])
    (card,) = backend.search(ask()).cards
    assert card.shape == Shape("6-18-02-04", NO_LEVEL, "employment", True, False)
    assert (card.runs[0].seats, card.runs[0].left) == (30, 4)
