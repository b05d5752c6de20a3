"""A plan as the body of an Elasticsearch request, and what comes back as hits and counts. Pure.

Hits and counts are two searches of one request: counting is several times faster beside no points and no order.
Points are the boosts of constant scores; sums of small integers are exact in a score. All fields are exact values:
nothing typed is ever parsed, so nothing in it can mean anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.catalog.search.conditions import AllOf, AnyOf, Between, Condition, Field, HasAll, Within
from app.catalog.search.contract import Counts, FacetName, Hit, Suggestion
from app.catalog.search.ranking import Key, Plan
from app.catalog.search.shaping import shape_facets

Json = dict[str, Any]

ID = "card_id"
ORDER = "card_order"  # what cards are sorted by in place of their ids
MOST_OPTIONS = 10_000  # more than there are regions in the country: counts of a facet are never cut
SEPARATOR = "\t"  # between the parts of what can be suggested; no text has one
_RESERVED = str.maketrans(SEPARATOR + "\x1e\x1f", "   ")  # the engine keeps the others to itself
_NO_NUMBER = 2**63 - 1  # how a missing value comes back as a sort value
_DAY_ONE = date(1970, 1, 1).toordinal()
_MS_A_DAY = 86_400_000

_DATES = frozenset({Field.NEXT_STARTS_ON, Field.START_DATES})
_TERMS = {
    FacetName.CATEGORY: Field.CATEGORY,
    FacetName.REGION: Field.REGION_IDS,
    FacetName.LEVEL: Field.LEVEL,
    FacetName.MODE: Field.MODE,
}


# --- Conditions --------------------------------------------------------------------------------------------


def translate(condition: Condition) -> Json:
    """A condition in Elasticsearch's language, to be asked without a score."""
    match condition:
        case AllOf(conditions):
            return _all_of([translate(each) for each in conditions])
        case AnyOf(conditions):
            return _any_of([translate(each) for each in conditions])
        case HasAll(tokens):
            return _all_of([{"term": {Field.TOKENS.value: token}} for token in tokens])
        case Within(field, values):
            found = {"terms": {field.value: [_plain(value) for value in values]}}
            return found if values else {"match_none": {}}
        case Between(field, least, most):
            bounds = {"gte": least, "lte": most}
            given = {name: _plain(value) for name, value in bounds.items() if value is not None}
            return {"range": {field.value: given}} if given else {"exists": {"field": field.value}}


def _all_of(filters: list[Json]) -> Json:
    if len(filters) == 1:
        return filters[0]
    return {"bool": {"filter": filters}} if filters else {"match_all": {}}


def _any_of(filters: list[Json]) -> Json:
    if len(filters) == 1:
        return filters[0]
    return {"bool": {"should": filters, "minimum_should_match": 1}} if filters else {"match_none": {}}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


# --- The request -------------------------------------------------------------------------------------------


def find_body(
    plan: Plan,
    *,
    size: int,
    offset: int = 0,
    without_cards: Collection[UUID] = (),
    without_tenants: Collection[int] = (),
) -> Json:
    """The body of a search for hits of a plan."""
    must_not: list[Json] = []
    if without_cards:
        must_not.append({"ids": {"values": [str(card_id) for card_id in without_cards]}})
    if without_tenants:
        must_not.append({"terms": {Field.TENANT_ID.value: list(without_tenants)}})
    wanted = [translate(condition) for condition in (plan.match, *plan.others(None))]
    return {
        "size": size,
        "from": offset,
        # The document's own id is none of the fields: reading it takes as long as finding it.
        "stored_fields": "_none_",
        "docvalue_fields": [ID, Field.TENANT_ID.value],
        "track_total_hits": False,
        "query": _scored(plan, wanted, must_not),
        "sort": [*([{"_score": "desc"}] if plan.parts else []), *(_by(key) for key in plan.keys)],
    }


def counts_body(plan: Plan) -> Json:
    """The body of a search for what is counted: without points and hits, so that most is read off the index."""
    counted = dict(_aggregations(plan)) if plan.chosen else _everything(plan)
    return {"size": 0, "track_total_hits": True, "query": translate(plan.match), "aggs": counted}


def exists_body(plan: Plan) -> Json:
    """The body of a search that ends with the first hit of a plan."""
    wanted = [translate(condition) for condition in (plan.match, *plan.others(None))]
    return {"size": 0, "terminate_after": 1, "track_total_hits": True, "query": _all_of(wanted)}


def _scored(plan: Plan, wanted: list[Json], must_not: list[Json]) -> Json:
    parts = [
        {"constant_score": {"filter": translate(part.condition), "boost": part.points}} for part in plan.parts
    ]
    return {"bool": {"filter": wanted, "should": parts, "must_not": must_not}}


def _by(key: Key) -> Json:
    field = ORDER if key.field is Field.CARD_ID else key.field.value
    return {field: {"order": "desc" if key.is_descending else "asc", "missing": "_last"}}


def _everything(plan: Plan) -> Json:
    """What is counted of all that was chosen: the classes, and each facet nothing was chosen in."""
    shared = [name for name in FacetName if name not in plan.chosen]
    return {"runs": {"value_count": {"field": Field.START_DATES.value}}} | _facets(plan, shared)


def _aggregations(plan: Plan) -> Iterator[tuple[str, Json]]:
    """One filter for all that depends on the same choices: everything, then each facet something was chosen in."""
    yield "all", _filtered(plan, None, _everything(plan))
    for name in plan.chosen:
        yield name.value, _filtered(plan, name, _facets(plan, [name]))


def _filtered(plan: Plan, left_out: FacetName | None, aggregations: Json) -> Json:
    return {"filter": _all_of([translate(each) for each in plan.others(left_out)]), "aggs": aggregations}


def _facets(plan: Plan, names: Iterable[FacetName]) -> Json:
    facets: Json = {}
    for name in names:
        if name is FacetName.FREE:
            facets[name.value] = {"filter": translate(plan.free)}
        elif name is FacetName.SHORTAGE:
            facets[name.value] = {"filter": translate(Within(Field.IS_SHORTAGE, (True,)))}
        elif name is FacetName.START:
            windows = {start: translate(condition) for start, condition in plan.starts}
            facets[name.value] = {"filters": {"filters": windows}}
        else:
            facets[name.value] = {"terms": {"field": _TERMS[name].value, "size": MOST_OPTIONS}}
    return facets


def suggest_body(typed: str, *, kinds: Iterable[str], most: int) -> Json:
    """The body of a search for what begins with what was typed, kind by kind.

    The same text may come under several keys and for several cards, so more is asked for than is wanted.
    """
    plain = typed.translate(_RESERVED)
    completion = {"field": "suggest", "size": 3 * most, "skip_duplicates": True}
    return {
        "size": 0,
        "_source": False,
        "suggest": {kind: {"prefix": f"{kind}{SEPARATOR}{plain}", "completion": completion} for kind in kinds},
    }


# --- The answer --------------------------------------------------------------------------------------------


def hits(response: Mapping[str, Any], plan: Plan, *, points: int = 0) -> tuple[Hit, ...]:
    """The hits of a response to `find_body`; `points` are what each has if the plan has no parts."""
    tenant, readers = Field.TENANT_ID.value, [_reader(key) for key in plan.keys]
    found = []
    first = 1 if plan.parts else 0
    for row in response["hits"]["hits"]:
        values = row["sort"]
        if first:
            points = int(values[0])
        sort = (-points, *[read(value) for read, value in zip(readers, values[first:], strict=True)])
        fields = row["fields"]
        found.append(Hit(UUID(fields[ID][0]), int(fields[tenant][0]), points, sort))
    return tuple(found)


def has_any(response: Mapping[str, Any]) -> bool:
    """Whether a response to `exists_body` found something."""
    return bool(response["hits"]["total"]["value"])


def _reader(key: Key) -> Callable[[Any], tuple[bool, int]]:
    """How a sort value is read, so that hits of both engines compare."""
    is_date, sign = key.field in _DATES, -1 if key.is_descending else 1

    def read(value: Any) -> tuple[bool, int]:
        if value is None or abs(value) >= _NO_NUMBER:
            return True, 0
        return False, sign * (value // _MS_A_DAY + _DAY_ONE if is_date else value)

    return read


def counts(response: Mapping[str, Any], plan: Plan) -> Counts:
    """What a response to `counts_body` counted."""
    aggregations = response["aggregations"]
    everything = aggregations["all"] if plan.chosen else aggregations
    total = everything["doc_count"] if plan.chosen else response["hits"]["total"]["value"]
    counted: dict[FacetName, dict[str, int]] = {}
    for name in FacetName:
        group = aggregations[name.value] if name in plan.chosen else everything
        counted[name] = dict(_options(name, group[name.value]))
    return Counts(shape_facets(counted), total, everything["runs"]["value"])


def _options(name: FacetName, counted: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    if name in (FacetName.FREE, FacetName.SHORTAGE):
        yield "1", counted["doc_count"]
    elif name is FacetName.START:
        for start, bucket in counted["buckets"].items():
            yield start, bucket["doc_count"]
    else:
        for bucket in counted["buckets"]:
            yield str(bucket["key"]), bucket["doc_count"]


def suggestions(response: Mapping[str, Any], *, kinds: Iterable[str]) -> list[list[Suggestion]]:
    """What can be suggested of each kind, every text once."""
    return [list(_once(response["suggest"][kind][0]["options"])) for kind in kinds]


def _once(options: Iterable[Mapping[str, Any]]) -> Iterator[Suggestion]:
    said: set[str] = set()
    for option in options:
        kind, _key, text, ref = option["text"].split(SEPARATOR)
        if text not in said:
            said.add(text)
            yield Suggestion(kind, text, ref)
