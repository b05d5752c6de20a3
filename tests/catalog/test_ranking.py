"""A query as a plan: what must match, what each facet chose, and which points a document can get. No database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.catalog.search.analysis import HEADING
from app.catalog.search.conditions import NEVER, Field, Within
from app.catalog.search.contract import SOON, Document, FacetName, Query, Sort, Term, card_order
from app.catalog.search.ranking import CLOSER, POINTS, Plan, Reason, make_plan, month_of, start_windows
from tests.support.documents import TODAY, WELDER, document
from tests.support.reference_search import ReferenceSearch, holds

WELDING = Term("焊工", ("焊工",), (WELDER,))


def reasons(plan: Plan, found: Document) -> set[Reason]:
    return {part.reason for part in plan.parts if holds(part.condition, found)}


def order(query: Query, *documents: Document) -> list[int]:
    hits = ReferenceSearch(documents).find(make_plan(query), size=len(documents)).hits
    return [card_order(hit.card_id) for hit in hits]


def test_nothing_that_was_not_asked_for_outweighs_what_was() -> None:
    extras = [POINTS[reason] for reason in (Reason.SHORTAGE, Reason.FREE, Reason.SEATS, Reason.SOON, Reason.NEAR)]
    assert sum(extras) + 2 * POINTS[Reason.NEAR] < CLOSER < min(POINTS[Reason.TRADE], POINTS[Reason.TITLE])


def test_each_reason_outweighs_all_that_follow_it() -> None:
    points = [POINTS[reason] for reason in (Reason.SHORTAGE, Reason.FREE, Reason.SEATS, Reason.SOON)]
    for at, of in enumerate(points):
        assert of > sum(points[at + 1 :]) + 3 * POINTS[Reason.NEAR]


def test_a_course_of_the_trade_comes_before_one_that_only_says_its_name() -> None:
    query = Query(on=TODAY, terms=(WELDING,))
    assert order(query, document(1, "焊工", trade_code="1-01"), document(2, "电气焊")) == [2, 1]


def test_of_trades_that_may_be_meant_the_likelier_comes_first() -> None:
    term = Term("电焊", ("电焊",), (WELDER, "1-01"), labels=(("焊工",), ("电工",)))
    others = [document(n, "上岗班", label=label, trade_code="1-01") for n, label in enumerate("木瓦", 3)]
    electrician = document(1, "上岗班", label="电工", trade_code="1-01")
    welder = document(2, "上岗班", label="焊工")
    assert order(Query(on=TODAY, terms=(term,)), *others, electrician, welder) == [2, 1, 3, 4]


def test_a_document_answers_by_its_words_or_by_its_trade_but_every_term() -> None:
    match = make_plan(Query(on=TODAY, terms=(WELDING, Term("夜班", ("夜班",))))).match
    assert holds(match, document(1, "电气焊", body="夜班"))
    assert holds(match, document(2, "焊工", body="夜班", trade_code="1-01"))
    assert not holds(match, document(3, "焊工"))
    assert not holds(match, document(4, "钳工", body="夜班", trade_code="1-01"))


def test_only_words_in_the_heading_are_a_reason_of_the_title() -> None:
    plan = make_plan(Query(on=TODAY, terms=(Term("焊工", ("焊工",)),)))
    assert HEADING + "焊工" in document(1, "焊工").tokens
    assert Reason.TITLE in reasons(plan, document(1, "焊工"))
    assert Reason.TITLE not in reasons(plan, document(2, "钳工", body="焊工"))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"seats_left": 0, "starts_in": (40,), "is_shortage": False}, set()),
        ({"seats_left": 1, "starts_in": (40,), "is_shortage": False}, {Reason.SEATS}),
        ({"seats_left": 1, "starts_in": (), "is_shortage": False}, set()),
        ({"seats_left": 0, "starts_in": (30,), "is_shortage": False}, {Reason.SOON}),
        ({"seats_left": 0, "starts_in": (31,), "is_shortage": False}, set()),
        ({"seats_left": 0, "starts_in": (-5, 0), "is_shortage": False}, {Reason.SOON}),
        ({"seats_left": 0, "starts_in": (), "is_shortage": True}, {Reason.SHORTAGE}),
    ],
)
def test_what_makes_a_course_worth_taking(values: dict[str, object], expected: set[Reason]) -> None:
    assert reasons(make_plan(Query(on=TODAY)), document(1, **values)) == expected


def test_a_nearer_place_counts_once_for_every_ring_it_lies_in() -> None:
    query = Query(on=TODAY, near=((1, 2, 3), (1, 2), (1,)))
    far, middle, near, away = (document(n, region_ids=(n,)) for n in (3, 2, 1, 9))
    assert order(query, away, far, middle, near) == [1, 2, 3, 9]


def test_money_is_a_reason_only_where_something_is_known_of_the_person() -> None:
    nothing_known, nothing_free = make_plan(Query(on=TODAY)), make_plan(Query(on=TODAY, free=frozenset()))
    assert nothing_known.free == nothing_free.free == NEVER
    known = make_plan(Query(on=TODAY, free=frozenset({"b", "a"})))
    assert known.free == Within(Field.SHAPE, ("a", "b"))
    assert Reason.FREE in {part.reason for part in known.parts}
    assert Reason.FREE not in {part.reason for part in nothing_free.parts}


@pytest.mark.parametrize("sort", [Sort.STARTS_SOON, Sort.PRICE, Sort.SEATS])
def test_an_order_that_was_chosen_looks_at_nothing_else_than_what_its_name_says(sort: Sort) -> None:
    plan = make_plan(Query(on=TODAY, terms=(WELDING,), near=((1,),), sort=sort))
    assert {part.reason for part in plan.parts} <= {Reason.UPCOMING}


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_is_total(sort: Sort) -> None:
    assert make_plan(Query(on=TODAY, sort=sort)).keys[-1].field is Field.CARD_ID


def test_a_facet_that_was_not_chosen_has_no_condition_and_others_leaves_out_one() -> None:
    plan = make_plan(Query(on=TODAY, modes=("day",), levels=(5,), institutions=(1,), news_since=datetime.now(UTC)))
    assert set(plan.chosen) == {FacetName.MODE, FacetName.LEVEL}
    assert plan.others(FacetName.MODE) == (Within(Field.LEVEL, (5,)),)
    assert len(plan.others(None)) == 2


def test_starts_are_the_next_days_and_this_and_the_next_twelve_months() -> None:
    windows = dict(start_windows(TODAY))
    assert list(windows)[:3] == [SOON, "2026-11", "2026-12"]
    assert list(windows)[-1] == "2027-11"
    assert windows[SOON] == (TODAY, TODAY + timedelta(days=30))
    assert windows["2026-11"] == (TODAY, date(2026, 11, 30))
    assert windows["2027-02"] == (date(2027, 2, 1), date(2027, 2, 28))


@pytest.mark.parametrize("start", ["2026-10", "2026-13", "nonsense", "", "2026-12-01", "9999-99"])
def test_a_month_that_is_over_or_none_at_all_has_no_days(start: str) -> None:
    assert month_of(start, TODAY) is None


def test_a_month_at_the_end_of_time_is_no_error() -> None:
    assert month_of("9999-12", TODAY) in (None, (date(9999, 12, 1), date(9999, 12, 31)))


def test_choosing_only_starts_that_are_none_finds_nothing() -> None:
    plan = make_plan(Query(on=TODAY, starts=("2020-01", "x")))
    assert not holds(plan.chosen[FacetName.START], document(1))
