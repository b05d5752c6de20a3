"""What Elasticsearch is asked, and what is made of its answers; pure."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from app.catalog.search.conditions import ALWAYS, NEVER, AllOf, AnyOf, Between, Condition, Field, HasAll, Within
from app.catalog.search.contract import SOON, Counts, FacetName, Option, Query, Sort, Suggestion, Term
from app.catalog.search.elastic_query import (
    counts,
    counts_body,
    find_body,
    hits,
    suggest_body,
    suggestions,
    translate,
)
from app.catalog.search.ranking import is_broad, make_plan, only_best

TODAY = date(2026, 11, 23)
CARD = UUID("00000000-0000-0000-0000-000000000007")


def plan_of(**values: Any) -> Any:
    return make_plan(Query(on=TODAY, **values))


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        (ALWAYS, {"match_all": {}}),
        (NEVER, {"match_none": {}}),
        (HasAll(()), {"match_all": {}}),
        (HasAll(("焊工",)), {"term": {"tokens": "焊工"}}),
        (HasAll(("a", "b")), {"bool": {"filter": [{"term": {"tokens": "a"}}, {"term": {"tokens": "b"}}]}}),
        (Within(Field.LEVEL, (5, 4)), {"terms": {"level": [5, 4]}}),
        (Within(Field.LEVEL, ()), {"match_none": {}}),
        (Within(Field.IS_SHORTAGE, (True,)), {"terms": {"is_shortage": [True]}}),
        (Between(Field.SEATS_LEFT, 1), {"range": {"seats_left": {"gte": 1}}}),
        (
            Between(Field.START_DATES, TODAY, date(2026, 12, 31)),
            {"range": {"start_dates": {"gte": "2026-11-23", "lte": "2026-12-31"}}},
        ),
        (
            Between(Field.NEWS_AT, datetime(2026, 11, 1, 8, 0, 0, 1, tzinfo=UTC)),
            {"range": {"news_at": {"gte": "2026-11-01T08:00:00.000001+00:00"}}},
        ),
        (Between(Field.NEXT_STARTS_ON), {"exists": {"field": "next_starts_on"}}),
        (
            AnyOf((Within(Field.MODE, ("day",)), HasAll(("夜校",)))),
            {
                "bool": {
                    "should": [{"terms": {"mode": ["day"]}}, {"term": {"tokens": "夜校"}}],
                    "minimum_should_match": 1,
                }
            },
        ),
        (AllOf((ALWAYS, NEVER)), {"bool": {"filter": [{"match_all": {}}, {"match_none": {}}]}}),
    ],
)
def test_a_condition_is_said_in_the_engines_words(condition: Condition, asked: object) -> None:
    assert translate(condition) == asked


def test_each_facet_is_counted_without_its_own_choice() -> None:
    body = counts_body(plan_of(levels=(5,), modes=("day",)))
    level, mode = {"terms": {"level": [5]}}, {"terms": {"mode": ["day"]}}
    assert body["query"] == {"match_all": {}}
    aggregations = body["aggs"]
    assert set(aggregations) == {"all", "level", "mode"}
    assert aggregations["level"]["filter"] == mode
    assert set(aggregations["level"]["aggs"]) == {"level"}
    assert aggregations["mode"]["filter"] == level
    assert aggregations["all"]["filter"] == {"bool": {"filter": [level, mode]}}
    assert set(aggregations["all"]["aggs"]) == {"runs", "free", "category", "shortage", "region", "start"}


def test_where_nothing_is_chosen_nothing_is_filtered() -> None:
    body = counts_body(plan_of(terms=(Term("焊工", ("焊工",)),)))
    assert body["query"] == {"term": {"tokens": "焊工"}}
    assert set(body["aggs"]) == {"runs", *(name.value for name in FacetName)}
    assert body["size"] == 0


def test_hits_are_of_what_was_chosen_and_not_left_out() -> None:
    body = find_body(plan_of(levels=(5,)), size=20, without_tenants=(3,), without_cards=(CARD,))
    assert "aggs" not in body
    assert body["query"]["bool"]["filter"] == [{"match_all": {}}, {"terms": {"level": [5]}}]
    assert body["query"]["bool"]["must_not"] == [
        {"ids": {"values": [str(CARD)]}},
        {"terms": {"tenant_id": [3]}},
    ]


def test_points_are_constant_scores_and_settle_the_order_first() -> None:
    plan = plan_of(terms=(Term("焊工", ("焊工",), ("6-18-02-04",)),))
    body = find_body(plan, size=20, offset=40)
    scores = [each["constant_score"] for each in body["query"]["bool"]["should"]]
    assert [each["boost"] for each in scores] == [part.points for part in plan.parts]
    assert body["sort"] == [
        {"_score": "desc"},
        {"next_starts_on": {"order": "asc", "missing": "_last"}},
        {"card_order": {"order": "asc", "missing": "_last"}},
    ]
    assert (body["size"], body["from"]) == (20, 40)


def test_points_stay_where_a_score_counts_exactly() -> None:
    plan = plan_of(
        terms=tuple(Term(word, (word,), ("6-18-02-04",)) for word in "一二三四五六七八九十"),
        free=frozenset({"x|1|employment|1|1"}),
        near=((1, 2, 3), (1, 2), (1,)),
    )
    assert sum(part.points for part in plan.parts) < 2**24


@pytest.mark.parametrize(
    "word", ['a" OR *:*', "{}", "(((", "焊工 AND", "/.*/", "\\", "~~~", "[1 TO 2]", "字" * 10_000]
)
def test_what_is_typed_is_a_value_and_never_read_as_a_query(word: str) -> None:
    body = find_body(plan_of(terms=(Term(word, (word,)),)), size=20)
    assert body["query"]["bool"]["filter"] == [{"term": {"tokens": word}}]
    assert "query_string" not in json.dumps(body)


def test_a_suggestion_asks_kind_by_kind_and_cannot_leave_its_key() -> None:
    body = suggest_body("han\tx", kinds=("course", "institution"), most=5)
    assert body["suggest"]["course"]["prefix"] == "course\than x"
    assert body["suggest"]["institution"]["completion"] == {
        "field": "suggest",
        "size": 15,
        "skip_duplicates": True,
    }


def answer(**values: Any) -> dict[str, Any]:
    everything = {
        "doc_count": 3,
        "runs": {"value": 4},
        "free": {"doc_count": 1},
        "category": {"buckets": [{"key": "生活服务", "doc_count": 1}, {"key": "装备制造", "doc_count": 2}]},
        "shortage": {"doc_count": 2},
        "region": {"buckets": [{"key": "9", "doc_count": 1}, {"key": "7", "doc_count": 1}]},
        "level": {"buckets": [{"key": "0", "doc_count": 1}, {"key": "5", "doc_count": 2}]},
        "mode": {"buckets": []},
        "start": {"buckets": {SOON: {"doc_count": 2}, "2026-11": {"doc_count": 0}, "2026-12": {"doc_count": 1}}},
    }
    return {"hits": {"total": {"value": 3}}, "aggregations": everything, **values}


def options(counted: Counts, name: FacetName) -> tuple[Option, ...]:
    (facet,) = (facet for facet in counted.facets if facet.name is name)
    return facet.options


def test_counts_become_facets_in_the_order_they_are_shown() -> None:
    result = counts(answer(), plan_of())
    assert (result.total, result.runs) == (3, 4)
    assert options(result, FacetName.CATEGORY) == (Option("装备制造", 2), Option("生活服务", 1))
    assert options(result, FacetName.REGION) == (Option("7", 1), Option("9", 1))
    assert options(result, FacetName.LEVEL) == (Option("5", 2), Option("0", 1))
    assert options(result, FacetName.START) == (Option(SOON, 2), Option("2026-12", 1))
    assert options(result, FacetName.SHORTAGE) == (Option("1", 2),)
    assert options(result, FacetName.MODE) == ()


def test_a_facet_with_a_choice_is_counted_by_itself() -> None:
    own = {"doc_count": 9, "level": {"buckets": [{"key": "3", "doc_count": 9}]}}
    body = {"hits": {"total": {"value": 9}}, "aggregations": {"all": answer()["aggregations"], "level": own}}
    result = counts(body, plan_of(levels=(5,)))
    assert options(result, FacetName.LEVEL) == (Option("3", 9),)
    assert result.total == 3


def test_sort_values_ascend_in_the_order_of_the_plan() -> None:
    def row(points: float, *values: int | None) -> dict[str, Any]:
        fields = {"card_id": [str(CARD)], "tenant_id": ["12"]}
        return {"fields": fields, "sort": [points, *values]}

    day = 86_400_000
    rows = [row(600.0, 20_000 * day, 5), row(600.0, 20_001 * day, 4), row(600.0, 2**63 - 1, 3), row(8.0, None, 2)]
    found = hits({"hits": {"hits": rows}}, plan_of())
    assert [hit.points for hit in found] == [600, 600, 600, 8]
    assert [hit.sort for hit in found] == sorted(hit.sort for hit in found)
    assert found[0].sort == (-600, (False, date(1970, 1, 1).toordinal() + 20_000), (False, 5))
    assert found[0].tenant_id == 12
    assert found[0].card_id == CARD


def test_values_that_descend_are_negated_and_plans_without_points_have_none() -> None:
    fields = {"card_id": [str(CARD)], "tenant_id": ["1"]}
    rows = [{"fields": fields, "sort": [4.0, 7, 2**63 - 1, 1]}]
    (hit,) = hits({"hits": {"hits": rows}}, plan_of(sort=Sort.SEATS))
    assert hit.sort[1] == (False, -7)
    plain = [{"fields": fields, "sort": [180000, 2**63 - 1, 1]}]
    (hit,) = hits({"hits": {"hits": plain}}, plan_of(sort=Sort.PRICE))
    assert (hit.points, hit.sort) == (0, (0, (False, 180000), (True, 0), (False, 1)))


def test_those_with_all_points_are_asked_for_without_a_score_and_have_them_all() -> None:
    plan = plan_of()
    best = only_best(plan)
    body = find_body(best, size=20)
    assert body["query"]["bool"]["should"] == []
    assert body["sort"] == find_body(plan, size=20)["sort"][1:]
    assert len(body["query"]["bool"]["filter"][0]["bool"]["filter"]) == 1 + len(plan.parts)
    rows = [{"fields": {"card_id": [str(CARD)], "tenant_id": ["1"]}, "sort": [86_400_000, 1]}]
    (hit,) = hits({"hits": {"hits": rows}}, best, points=44)
    assert (hit.points, hit.sort[0], len(hit.sort)) == (44, -44, 3)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, True),
        ({"only_shortage": True}, True),
        ({"regions": (1,)}, False),
        ({"institutions": (1,)}, False),
        ({"terms": (Term("焊工", ("焊工",)),)}, False),
    ],
)
def test_only_what_nearly_everything_answers_is_broad(query: dict[str, Any], expected: bool) -> None:
    assert is_broad(plan_of(**query)) is expected


def test_a_text_is_suggested_once() -> None:
    options = [
        {"text": "course\t焊工入门\t焊工入门\tA"},
        {"text": "course\thangongrumen\t焊工入门\tA"},
        {"text": "course\thg\t焊割\tB"},
    ]
    response = {"suggest": {"course": [{"options": options}]}}
    (courses,) = suggestions(response, kinds=("course",))
    assert courses == [Suggestion("course", "焊工入门", "A"), Suggestion("course", "焊割", "B")]
