"""A search engine of a few lines of plain Python, as slow as it likes: what the real ones must answer, exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.catalog.search.conditions import AllOf, AnyOf, Between, Condition, Field, HasAll, Within
from app.catalog.search.contract import (
    Counts,
    Document,
    Facet,
    FacetName,
    Found,
    Hit,
    Option,
    Suggestion,
    card_order,
)
from app.catalog.search.ranking import Key, Plan


def values(document: Document, field: Field) -> tuple[Any, ...]:
    """All values a document has in a field."""
    value = getattr(document, field.value)
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def holds(condition: Condition, document: Document) -> bool:
    """Whether a condition holds of a document, as `conditions.py` says it in words."""
    match condition:
        case AllOf(conditions):
            return all(holds(each, document) for each in conditions)
        case AnyOf(conditions):
            return any(holds(each, document) for each in conditions)
        case HasAll(tokens):
            return set(tokens) <= set(document.tokens)
        case Within(field, wanted):
            return any(value in wanted for value in values(document, field))
        case Between(field, least, most):
            return any(
                (least is None or least <= value) and (most is None or value <= most)
                for value in values(document, field)
            )


class ReferenceSearch:
    """Keeps documents in a list."""

    name = "reference"
    is_fallback = False

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = list(documents)

    def find(
        self,
        plan: Plan,
        *,
        size: int,
        offset: int = 0,
        without_cards: Collection[UUID] = (),
        without_tenants: Collection[int] = (),
        is_counted: bool = True,
    ) -> Found:
        """Every document looked at, every hit sorted."""
        matching = [document for document in self.documents if holds(plan.match, document)]
        found = [document for document in matching if _meets(plan.others(None), document)]
        hits = sorted(
            (
                _hit(plan, document)
                for document in found
                if document.card_id not in without_cards and document.tenant_id not in without_tenants
            ),
            key=lambda hit: hit.sort,
        )
        counts = None
        if is_counted:
            facets = tuple(Facet(name, _options(plan, name, matching)) for name in FacetName)
            counts = Counts(facets, len(found), sum(len(document.start_dates) for document in found))
        return Found(tuple(hits[offset : offset + size]), counts)

    def finds(self, plans: Sequence[Plan]) -> list[bool]:
        """Whether there is any hit."""
        return [bool(self.find(plan, size=1, is_counted=False).hits) for plan in plans]

    def suggest(self, typed: str, *, most: int) -> list[Suggestion]:
        """Everything that begins so; in no particular order."""
        found = {
            Suggestion(kind, text, ref)
            for document in self.documents
            for kind, key, text, ref in document.suggest
            if key.startswith(typed)
        }
        return list(found)[:most]


def _meets(conditions: Iterable[Condition], document: Document) -> bool:
    return all(holds(condition, document) for condition in conditions)


def _hit(plan: Plan, document: Document) -> Hit:
    points = sum(part.points for part in plan.parts if holds(part.condition, document))
    return Hit(document.card_id, document.tenant_id, points, (-points, *(_by(document, key) for key in plan.keys)))


def _by(document: Document, key: Key) -> tuple[bool, int]:
    found = values(document, key.field)
    if not found:
        return True, 0
    first = card_order(found[0]) if isinstance(found[0], UUID) else found[0]
    number = first.toordinal() if isinstance(first, date) else first
    return False, -number if key.is_descending else number


def _options(plan: Plan, name: FacetName, matching: Iterable[Document]) -> tuple[Option, ...]:
    counted: Counter[str] = Counter()
    for document in matching:
        if _meets(plan.others(name), document):
            counted.update(_choices(plan, name, document))
    by: dict[FacetName, Callable[[str], Any]] = {
        FacetName.LEVEL: lambda value: -int(value),
        FacetName.START: [start for start, _condition in plan.starts].index,
    }
    ordered = sorted(counted, key=by.get(name, lambda value: (-counted[value], value)))
    return tuple(Option(value, counted[value]) for value in ordered)


def _choices(plan: Plan, name: FacetName, document: Document) -> set[str]:
    """The choices of a facet that would find the document."""
    match name:
        case FacetName.FREE:
            return {"1"} if holds(plan.free, document) else set()
        case FacetName.SHORTAGE:
            return {"1"} if document.is_shortage else set()
        case FacetName.REGION:
            return {str(region_id) for region_id in document.region_ids}
        case FacetName.START:
            return {start for start, condition in plan.starts if holds(condition, document)}
        case FacetName.CATEGORY | FacetName.LEVEL | FacetName.MODE:
            return {str(getattr(document, name.value))}


def fair_pages(hits: Sequence[Hit], *, per_page: int, head_pages: int) -> list[list[Hit]]:
    """All pages of a whole result: the first `head_pages` fair, the rest in fair blocks of as many."""
    pages: list[list[Hit]] = []
    rest = list(hits)
    block, rest_after = rest, []
    while rest:
        if pages:
            block, rest_after = rest[: head_pages * per_page], rest[head_pages * per_page :]
        for _page in range(head_pages):
            page: list[Hit] = []
            shown: Counter[int] = Counter()
            for hit in block:
                if len(page) < per_page and shown[hit.tenant_id] < per_page // 3:
                    page.append(hit)
                    shown[hit.tenant_id] += 1
            fair = {hit.card_id for hit in page}
            page += [hit for hit in block if hit.card_id not in fair][: per_page - len(page)]
            taken = {hit.card_id for hit in page}
            block = [hit for hit in block if hit.card_id not in taken]
            if page:
                pages.append(sorted(page, key=lambda hit: hit.sort))
        rest = [*block, *rest_after]
    return pages
