"""A catalog address: what is read from it is what is written to it, and nothing in it is an error."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.asking import Asked, Choice, query_of, read, read_address
from app.catalog.search.contract import Sort, Term
from app.catalog.services.loosening import ways

ON = date(2026, 11, 23)
EVERYTHING = Asked(
    q="焊工",
    category=("制造",),
    region=("130108", "130102"),
    level=("5",),
    mode=("weekend",),
    start=("2026-12",),
    institution=("7",),
    shortage=True,
    free=True,
    exact=True,
    since=1_795_000_000_123,
    sort=Sort.PRICE,
    page=3,
)


def term(text: str, trades: tuple[str, ...] = ()) -> Term:
    return Term(text, (text,), trades)


def test_what_is_written_is_read_again() -> None:
    assert read(EVERYTHING.pairs(), on=ON) == EVERYTHING
    assert read(Asked().pairs(), on=ON) == Asked()
    assert Asked().pairs() == []


def test_a_saved_search_begins_at_its_first_page_with_old_and_new() -> None:
    kept = read_address(EVERYTHING.address(), on=ON)
    assert (kept.page, kept.since) == (1, 0)
    assert kept.pairs(page=3, since=EVERYTHING.since) == EVERYTHING.pairs()


@given(st.lists(st.tuples(st.sampled_from([*Asked.__slots__, "x"]), st.text(max_size=60)), max_size=20))
def test_nothing_anyone_writes_into_an_address_is_an_error(pairs: list[tuple[str, str]]) -> None:
    asked = read(pairs, on=ON)
    assert read(asked.pairs(), on=ON) == asked
    query_of(asked, (), on=ON, region_ids={})


@given(st.text(max_size=300))
def test_any_query_string_can_be_read(address: str) -> None:
    read_address(address, on=ON)


def test_one_choice_is_taken_away_and_the_others_stay() -> None:
    rest = EVERYTHING.without(Choice("region", "130108"))
    assert (rest.region, rest.mode, rest.page) == (("130102",), ("weekend",), 1)
    assert EVERYTHING.without(Choice("free", "1")).free is False
    assert EVERYTHING.without(Choice("since", "1795000000123")).since == 0


def test_every_choice_can_be_taken_away() -> None:
    asked = EVERYTHING
    for choice in EVERYTHING.chosen:
        asked = asked.without(choice)
    assert not asked.is_narrowed
    assert asked.q == "焊工"


def test_new_means_after_an_instant() -> None:
    query = query_of(EVERYTHING, (), on=ON, region_ids={"130108": 4})
    assert query.news_since == datetime.fromtimestamp(1_795_000_000.123, UTC)
    assert query.regions == (4,)
    assert query.institutions == (7,)


def test_free_for_me_narrows_only_once_something_is_known_of_the_person() -> None:
    assert not query_of(Asked(free=True), (), on=ON, region_ids={}).only_free
    assert query_of(Asked(free=True), (), on=ON, region_ids={}, free=frozenset()).only_free


def test_what_the_text_says_joins_what_was_chosen() -> None:
    joined = Asked(q="焊工 周末", mode=("day",)).joined("焊工", [("mode", "weekend"), ("shortage", "1")])
    assert (joined.q, joined.mode, joined.shortage) == ("焊工", ("day", "weekend"), True)


@pytest.mark.parametrize("since", ["-1", "9" * 14, "x", "\uff11"])
def test_an_instant_that_is_none_is_dropped(since: str) -> None:
    assert read([("since", since)], on=ON).since == 0


def test_when_nothing_is_found_the_least_important_goes_first_and_alone() -> None:
    asked = Asked(q="焊工", shortage=True, region=("130108",), mode=("weekend",), start=("30d",))
    given_up = [[choice.facet for choice in way.choices] for way in ways(asked, terms=(term("焊工"),))]
    assert given_up == [
        ["start"],
        ["mode"],
        ["region"],
        ["shortage"],
        ["start", "mode"],
        ["start", "mode", "region"],
        ["start", "mode", "region", "shortage"],
    ]


def test_words_go_after_the_filters_and_a_trade_last() -> None:
    terms = (term("焊工", trades=("6-18",)), term("氩弧"))
    found = [(way.words, way.asked.q) for way in ways(Asked(q="焊工 氩弧"), terms=terms)]
    assert found == [(("氩弧",), "焊工"), (("焊工",), "氩弧")]


def test_a_way_out_is_an_address_that_means_the_same() -> None:
    asked = Asked(q="焊工", mode=("weekend",), region=("130108",))
    for way in ways(asked, terms=(term("焊工"),)):
        again = read(parse_qsl(way.asked.address()), on=ON)
        assert again == way.asked
