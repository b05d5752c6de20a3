"""One suite for every search engine: what is found, in what order, counted how, on which page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.catalog.search.analysis import question_tokens
from app.catalog.search.contract import (
    NO_LEVEL,
    SOON,
    FacetName,
    Found,
    Query,
    Shape,
    Sort,
    Suggestion,
    Term,
)
from app.catalog.search.fairness import HEAD_PAGES
from app.catalog.search.ranking import make_plan
from tests.contracts.conftest import Engine
from tests.support.documents import TODAY, WELDER, card_id, document
from tests.support.reference_search import ReferenceSearch, fair_pages
from tests.support.searches import ask, counts, ids, some_documents, some_queries

# --- Exactly what is meant ---------------------------------------------------------------------------------


def assert_same(found: Found, expected: Found, query: Query) -> None:
    """Equal in everything; what differs is said first."""
    assert found.hits == expected.hits, query
    if found.counts is not None and expected.counts is not None:
        for facet, right in zip(found.counts.facets, expected.counts.facets, strict=True):
            assert facet == right, query
    assert found == expected, query


def test_hits_order_points_and_every_count_are_those_of_the_reference(engine: Engine) -> None:
    documents = some_documents(400, seed=1)
    engine.write(documents)
    reference = ReferenceSearch(documents)
    found_something = 0
    for query in some_queries(documents, 120, seed=2):
        plan = make_plan(query)
        expected = reference.find(plan, size=60)
        assert_same(engine.find(plan, size=60), expected, query)
        found_something += bool(expected.hits)
    assert found_something > 80


def test_whether_anything_is_found_is_what_the_reference_says(engine: Engine) -> None:
    documents = some_documents(60, seed=9)
    engine.write(documents)
    plans = [make_plan(query) for query in some_queries(documents, 60, seed=10)]
    expected = ReferenceSearch(documents).finds(plans)
    assert set(expected) == {True, False}
    assert engine.search.finds(plans) == expected
    assert engine.search.finds([]) == []


def test_what_is_left_out_is_left_out_of_the_hits_and_not_of_the_counts(engine: Engine) -> None:
    documents = some_documents(150, seed=3)
    engine.write(documents)
    reference = ReferenceSearch(documents)
    for query in some_queries(documents, 20, seed=4):
        plan = make_plan(query)
        without: dict[str, Any] = {
            "without_cards": [hit.card_id for hit in reference.find(plan, size=7).hits],
            "without_tenants": [1, 2],
            "offset": 3,
        }
        expected = reference.find(plan, size=10, **without)
        assert_same(engine.find(plan, size=10, **without), expected, query)
        uncounted = engine.find(plan, size=10, is_counted=False)
        assert uncounted == replace(reference.find(plan, size=10), counts=None)


@pytest.mark.parametrize(
    "query",
    [
        ask(),
        ask(only_shortage=True),
        ask(sort=Sort.STARTS_SOON),
        ask(sort=Sort.SEATS),
        ask(sort=Sort.PRICE),
        ask(near=((1, 2, 3), (2,))),
        ask(free=frozenset({Shape(WELDER, 5, "employment", True, True).key}), only_free=True),
    ],
    ids=["best", "shortage", "soonest", "seats", "price", "near", "free"],
)
def test_any_stretch_of_everything_is_that_of_the_whole_order(engine: Engine, query: Query) -> None:
    documents = some_documents(200, seed=8)
    engine.write(documents)
    plan = make_plan(query)
    whole = ReferenceSearch(documents).find(plan, size=300).hits
    most = max(hit.points for hit in whole)
    best = sum(hit.points == most for hit in whole)
    stretches = {
        (at, size) for at in (0, 1, best - 1, best, best + 1) for size in (1, 2, best, best + 1, 300) if at >= 0
    }
    for offset, size in sorted(stretches):
        found = engine.find(plan, size=size, offset=offset, is_counted=size == 2)
        assert found.hits == whole[offset : offset + size], (offset, size)


def test_every_page_is_that_of_the_whole_result_spread_fairly(engine: Engine) -> None:
    documents = some_documents(260, seed=5, tenants=9)
    engine.write(documents)
    reference = ReferenceSearch(documents)
    for query in (ask(), ask(sort=Sort.PRICE), ask(institutions=(1, 2)), ask(only_shortage=True)):
        hits = reference.find(make_plan(query), size=1000).hits
        whole = [list(hits[at : at + 20]) for at in range(0, len(hits), 20)]
        if query.sort is Sort.BEST and not query.institutions:
            whole = fair_pages(hits, per_page=20, head_pages=HEAD_PAGES)
        first = engine.page(query)
        walked = [
            [card.card_id for card in engine.page(replace(query, page=n + 1)).cards] for n in range(first.pages)
        ]
        assert walked == [[hit.card_id for hit in page] for page in whole]
        assert sorted(one for page in walked for one in page) == sorted(hit.card_id for hit in hits)


def test_the_reasons_of_a_card_add_up_to_its_points(engine: Engine) -> None:
    documents = some_documents(120, seed=6)
    engine.write(documents)
    reference = ReferenceSearch(documents)
    for query in some_queries(documents, 15, seed=7):
        points = {hit.card_id: hit.points for hit in reference.find(make_plan(query), size=200).hits}
        for card in engine.page(query).cards:
            assert sum(of for _reason, of in card.reasons) == points[card.card_id]


# --- Finding -----------------------------------------------------------------------------------------------


def test_a_word_is_found_inside_a_chinese_title(engine: Engine) -> None:
    engine.write([document(1, "高级电工培训课程"), document(2, "焊工培训")])
    assert ids(engine.page(ask("电工"))) == [1]


def test_every_word_must_be_found_and_may_stand_anywhere(engine: Engine) -> None:
    engine.write([document(1, "电工", body="裕华区"), document(2, "电工", body="长安区"), document(3, "焊工")])
    assert ids(engine.page(ask("裕华区 电工"))) == [1]


def test_a_word_is_also_answered_by_a_trade(engine: Engine) -> None:
    engine.write(
        [document(1, "焊工"), document(2, "电气焊", trade_code="1-01"), document(3, "电工", trade_code="1-02")]
    )
    asked = Query(on=TODAY, terms=(Term("焊工", question_tokens("焊工"), ("1-01",)),))
    assert set(ids(engine.page(asked))) == {1, 2}


@pytest.mark.parametrize("text", ["lathe", "LATHE", "\uff2c\uff21\uff34\uff28\uff25", "cnc"])
def test_english_words_are_found_in_any_case_and_width(engine: Engine, text: str) -> None:
    engine.write([document(1, "数控车工", body="CNC lathe operator"), document(2, "焊工", body="Welder")])
    assert ids(engine.page(ask(text))) == [1]


def test_nothing_is_found_in_an_empty_index(engine: Engine) -> None:
    for query in (ask(), ask("焊工"), ask(sort=Sort.SEATS, page=7)):
        page = engine.page(query)
        assert (page.total, page.runs, page.cards, page.page, page.pages) == (0, 0, (), 1, 1)
        assert all(not facet.options for facet in page.facets)
    assert engine.suggest("h") == []


HOSTILE = [
    "焊" * 10_000,
    "a" * 10_000,
    " ".join(str(n) for n in range(10_000)),
    "%' OR 1=1 --",
    "\x00焊\x00工",
    "{焊工}",
    '"\\',
    "🔧" * 500,
    "\u202e焊工",
    "_all:* AND /.*/",
    "焊工\t焊工\x1f焊工\x1e",
    "t:焊工 i:示例 y:hangong",
    "'''",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_answered_and_never_an_error(engine: Engine, text: str) -> None:
    engine.write([document(1)])
    assert engine.page(ask(text[:2000])).total in (0, 1)
    unread = "?" + text.replace("\x00", "")[:10_000]
    assert engine.page(Query(on=TODAY, terms=(Term("?", (unread,)),))).total == 0
    assert engine.suggest(unread) == []


METACHARACTERS = ("&&", "||", *"+-=><!(){}[]^\"~*?:\\/%_'")


@pytest.mark.parametrize("sign", METACHARACTERS)
def test_a_sign_with_a_meaning_elsewhere_means_nothing_but_itself(engine: Engine, sign: str) -> None:
    documents = [
        document(1, "焊工", tenant_id=1, institution="示例机构"),
        replace(
            document(2, "电工", tenant_id=2),
            tokens=(f"焊{sign}", sign),
            suggest=(("course", f"a{sign}b", "电工", str(card_id(2))),),
        ),
    ]
    engine.write(documents)
    for token, expected in ((f"焊{sign}", [2]), (sign, [2]), (f"{sign}焊工", []), (f"焊工{sign}", [])):
        assert ids(engine.page(Query(on=TODAY, terms=(Term(token, (token,)),)))) == expected
    assert [one.text for one in engine.suggest(f"a{sign}")] == ["电工"]
    assert engine.suggest(f"b{sign}") == []
    assert engine.suggest(f"{sign}{sign}") == []


# --- Narrowing ---------------------------------------------------------------------------------------------


def write_mixed(engine: Engine) -> None:
    engine.write(
        [
            document(1, mode="day", level=5, region_ids=(1,), starts_in=(5,)),
            document(
                2, mode="weekend", level=4, region_ids=(2,), starts_in=(40,), is_shortage=False, category="建筑业"
            ),
            document(3, mode="weekend", level=NO_LEVEL, region_ids=(1, 2), starts_in=(5, 70), tenant_id=2),
            document(4, mode="evening", level=5, region_ids=(3,), starts_in=(), trade_code="1-01"),
        ]
    )


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"modes": ("weekend",)}, {2, 3}),
        ({"modes": ("weekend", "evening")}, {2, 3, 4}),
        ({"levels": (5,)}, {1, 4}),
        ({"levels": (NO_LEVEL,)}, {3}),
        ({"regions": (2,)}, {2, 3}),
        ({"categories": ("建筑业",)}, {2}),
        ({"institutions": (2,)}, {3}),
        ({"only_shortage": True}, {1, 3, 4}),
        ({"starts": (SOON,)}, {1, 3}),
        ({"starts": ("2027-01",)}, {2}),
        ({"starts": ("2027-02",)}, {3}),
        ({"starts": ("2020-01", "nonsense")}, set()),
        ({"starts": (SOON, "2027-01")}, {1, 2, 3}),
        ({"modes": ("weekend",), "levels": (4,)}, {2}),
        ({"modes": ("day",), "levels": (4,)}, set()),
    ],
)
def test_choices_narrow_within_a_facet_by_or_and_across_facets_by_and(
    engine: Engine, choice: dict[str, Any], expected: set[int]
) -> None:
    write_mixed(engine)
    page = engine.page(ask(**choice))
    assert set(ids(page)) == expected
    assert page.total == len(expected)


def test_a_facet_is_counted_without_its_own_choice(engine: Engine) -> None:
    write_mixed(engine)
    page = engine.page(ask(modes=("weekend",), regions=(2,)))
    assert counts(page, FacetName.MODE) == {"weekend": 2}
    assert counts(page, FacetName.REGION) == {"1": 1, "2": 2}
    assert counts(page, FacetName.LEVEL) == {"4": 1, "0": 1}
    assert counts(page, FacetName.START) == {"30d": 1, "2026-11": 1, "2027-01": 1, "2027-02": 1}
    assert page.runs == 3


def test_free_for_me_keeps_exactly_the_shapes_that_are_free(engine: Engine) -> None:
    write_mixed(engine)
    free = frozenset(
        {Shape(WELDER, 5, "employment", True, True).key, Shape("1-01", 5, "employment", True, True).key}
    )
    page = engine.page(ask(free=free))
    assert (page.total, counts(page, FacetName.FREE)) == (4, {"1": 2})
    assert set(ids(engine.page(ask(free=free, only_free=True)))) == {1, 4}
    assert ids(engine.page(ask(free=frozenset(), only_free=True))) == []
    assert counts(engine.page(ask()), FacetName.FREE) == {}


def test_only_what_is_new_since_an_instant_is_news(engine: Engine) -> None:
    seen = datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)
    engine.write([document(n, news_at=seen + timedelta(microseconds=n - 2)) for n in (1, 2, 3)])
    assert ids(engine.page(ask(news_since=seen))) == [3]


# --- Keeping -----------------------------------------------------------------------------------------------


def test_an_older_document_never_replaces_a_newer_one(engine: Engine) -> None:
    engine.write([document(1, "新的电工", version=2)])
    engine.write([document(1, "旧的焊工", version=1)])
    assert [card.title for card in engine.page(ask("电工")).cards] == ["新的电工"]
    assert engine.page(ask("焊工")).total == 0
    engine.write([document(1, "更新的钳工", version=3)])
    assert [card.title for card in engine.page(ask("钳工")).cards] == ["更新的钳工"]
    assert engine.page(ask("电工")).total == 0


def test_a_deleted_card_is_not_found_and_deleting_twice_is_no_error(engine: Engine) -> None:
    engine.write([document(1), document(2)])
    engine.delete([card_id(1), card_id(999)], version=2)
    engine.delete([card_id(1)], version=3)
    assert ids(engine.page(ask())) == [2]


def test_an_older_deletion_leaves_a_newer_document(engine: Engine) -> None:
    engine.write([document(1, version=5)])
    engine.delete([card_id(1)], version=4)
    assert ids(engine.page(ask())) == [1]


def test_a_card_carries_its_classes_and_what_decides_the_price(engine: Engine) -> None:
    engine.write([document(1, level=NO_LEVEL, seats_left=4, starts_in=(-3, 7))])
    (card,) = engine.page(ask()).cards
    assert card.shape == Shape(WELDER, NO_LEVEL, "employment", True, True)
    assert [(run.starts_on, run.seats, run.left) for run in card.runs] == [(TODAY + timedelta(days=7), 30, 4)]


# --- Suggesting --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["焊", "焊工", "hang", "hangong", "hg"])
def test_courses_and_institutions_are_suggested_by_character_pinyin_and_initials(
    engine: Engine, typed: str
) -> None:
    engine.write(
        [
            document(1, "焊工入门", institution="焊工之家", tenant_id=7),
            document(2, "电工入门", institution="示例机构", tenant_id=8),
        ]
    )
    assert set(engine.suggest(typed)) == {
        Suggestion("course", "焊工入门", str(card_id(1))),
        Suggestion("institution", "焊工之家", "7"),
    }


def test_a_text_is_suggested_once_and_no_more_are_than_asked_for(engine: Engine) -> None:
    engine.write(
        document(n, f"焊工第{n % 6}班", tenant_id=n % 2, institution=f"焊工学校{n % 2}") for n in range(1, 30)
    )
    texts = [one.text for one in engine.suggest("焊", most=50)]
    assert sorted(texts) == sorted({f"焊工第{n}班" for n in range(6)} | {"焊工学校0", "焊工学校1"})
    assert len(engine.suggest("焊", most=3)) == 3
    assert {one.kind for one in engine.suggest("焊", most=3)} == {"course", "institution"}


def test_what_is_gone_is_not_suggested(engine: Engine) -> None:
    engine.write(
        [
            document(1, "焊工入门", institution="甲校", tenant_id=7),
            document(2, "电工入门", institution="乙校", tenant_id=8),
        ]
    )
    engine.delete([card_id(1)], version=2)
    assert engine.suggest("焊") == []
    assert engine.suggest("甲") == []
    assert [one.text for one in engine.suggest("电")] == ["电工入门"]
    engine.write([document(2, "钳工入门", institution="乙校", tenant_id=8, version=2)])
    assert engine.suggest("电") == []
    assert [one.text for one in engine.suggest("乙")] == ["乙校"]
