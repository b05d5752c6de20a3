"""The search contract: what is asked, what comes back, and what a backend must do.

Every backend indexes the same `Document`s and answers the same `Query` with the same `Page`; the suite in
`tests/contracts/test_search.py` runs against each of them. Nothing here knows a database or a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

PER_PAGE = 20
LONGEST_TEXT = 100
MOST_TERMS = 12
MOST_CHOICES = 60
SOON = "30d"
SOON_DAYS = 30
NO_LEVEL = 0

Generation = UUID | None


class Sort(StrEnum):
    """In which order cards come; every order ends with the course's id, so that it is total."""

    BEST = "best"
    STARTS_SOON = "soon"
    PRICE = "price"
    SEATS = "seats"


class FacetName(StrEnum):
    """What results can be narrowed by."""

    FREE = "free"
    CATEGORY = "category"
    SHORTAGE = "shortage"
    REGION = "region"
    LEVEL = "level"
    MODE = "mode"
    START = "start"


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """All of a course that decides what a learner pays; two courses of one shape get one verdict.

    `is_subsidised` is the listing's word and the institution's designation together; whether the trade is on the
    shortage list follows from its code and the day.
    """

    trade_code: str
    level: int
    form: str
    is_subsidised: bool
    has_fee: bool


@dataclass(frozen=True, slots=True)
class Query:
    """What someone looks for on a day; holds nothing about the person but the shapes that are free for them."""

    on: date
    terms: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    regions: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    modes: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    only_shortage: bool = False
    free_shapes: frozenset[Shape] | None = None
    only_free: bool = False
    sort: Sort = Sort.BEST
    page: int = 1
    per_page: int = PER_PAGE

    def without(self, facet: FacetName) -> Query:
        """The same query without one facet's choices: what that facet's counts are counted over."""
        cleared: dict[FacetName, dict[str, Any]] = {
            FacetName.FREE: {"only_free": False},
            FacetName.CATEGORY: {"categories": ()},
            FacetName.SHORTAGE: {"only_shortage": False},
            FacetName.REGION: {"regions": ()},
            FacetName.LEVEL: {"levels": ()},
            FacetName.MODE: {"modes": ()},
            FacetName.START: {"starts": ()},
        }
        return replace(self, **cleared[facet])

    def start_dates(self) -> tuple[date, ...]:
        """Every date the chosen starts allow, past ones left out; empty if none was chosen."""
        days: set[date] = set()
        for start in self.starts:
            days.update(dates_of(start, self.on))
        return tuple(sorted(days))


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a facet and how many courses it would leave."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet's choices, each counted without the facet's own choice (disjunctive)."""

    name: FacetName
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class CardRun:
    """An open class of a course, with its seats as they are now."""

    run_id: int
    region_id: int
    starts_on: date
    ends_on: date
    seats: int
    taken: int = 0
    waiting: int = 0

    @property
    def left(self) -> int:
        """Seats still free."""
        return max(self.seats - self.taken, 0)


@dataclass(frozen=True, slots=True)
class Card:
    """A course in a list of results."""

    course_id: int
    version: int
    shape: Shape
    title: str
    trade: str
    trade_en: str
    category: str
    mode: str
    is_shortage: bool
    fee_fen: int
    institution: str
    place: str
    region_ids: tuple[int, ...]
    hours: int
    practice_hours: int
    certificate: str
    runs: tuple[CardRun, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results; `page` may be lower than asked for if there are fewer pages."""

    cards: tuple[Card, ...]
    facets: tuple[Facet, ...]
    total: int
    runs: int
    page: int
    per_page: int = PER_PAGE

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(-(-self.total // self.per_page), 1)

    def facet(self, name: FacetName) -> Facet:
        """One facet by its name; without options if it was not counted."""
        return next((facet for facet in self.facets if facet.name is name), Facet(name, ()))


@dataclass(frozen=True, slots=True)
class Proof:
    """All that a page is made of besides its query: a generation, and the runs shown with their seats, as text."""

    generation: UUID
    run_ids: str
    seats: str

    @classmethod
    def of(cls, page: Page, generation: UUID) -> Proof:
        """The proof of a page found in a generation."""
        runs = sorted((run.run_id, run.seats, run.taken, run.waiting) for card in page.cards for run in card.runs)
        return cls(
            generation, ",".join(str(run[0]) for run in runs), ",".join(":".join(map(str, run)) for run in runs)
        )


@dataclass(frozen=True, slots=True)
class Document:
    """What a backend stores of one published course."""

    course_id: int
    version: int
    tenant_id: int
    region_id: int
    region_ids: tuple[int, ...]
    trade_id: int
    trade_code: str
    category: str
    is_shortage: bool
    is_subsidised: bool
    level: int | None
    form: str
    mode: str
    fee_fen: int
    start_dates: tuple[date, ...]
    seats_left: int
    card: dict[str, Any] = field(hash=False)
    grams: tuple[str, ...] = field(hash=False)


class SearchBackend(Protocol):
    """A place documents are kept in and found again."""

    def generation(self) -> Generation:
        """The state the documents are in: another one after every write; None: not known, so nothing is kept."""
        ...

    def search(self, query: Query, *, generation: Generation = None) -> Page:
        """Answer a query; total order, each card on exactly one page.

        What was found for the same query in this `generation` may be used again; seats are always those of now.
        """
        ...

    def holds(self, proof: Proof) -> bool:
        """Whether the page of this proof would be found the same now."""
        ...

    def shapes(self, *, generation: Generation = None) -> frozenset[Shape]:
        """Every shape some document has: what has to be judged to know which are free for someone."""
        ...

    def index(self, documents: Iterable[Document]) -> None:
        """Store documents; one with an older version never replaces a newer one."""
        ...

    def delete(self, course_ids: Iterable[int]) -> None:
        """Forget courses; unknown ids are no error."""
        ...


def dates_of(start: str, on: date) -> tuple[date, ...]:
    """The dates from `on` that a start choice means: "30d", or a month as "2026-12"; none for anything else."""
    if start == SOON:
        return tuple(on + timedelta(days=n) for n in range(SOON_DAYS + 1))
    try:
        first = date.fromisoformat(f"{start}-01")
    except ValueError:
        return ()
    days = (first + timedelta(days=n) for n in range(31))
    return tuple(day for day in days if day.month == first.month and day >= on)


def card_from(document: dict[str, Any], *, version: int, seats: dict[int, tuple[int, int, int]], on: date) -> Card:
    """A stored card as a `Card`: runs that have begun left out, seats as (capacity, taken, waiting) per run id."""
    runs = []
    for run in document["runs"]:
        starts_on = date.fromisoformat(run["starts_on"])
        if starts_on < on:
            continue
        capacity, taken, waiting = seats.get(run["id"], (run["seats"], run["taken"], run["waiting"]))
        ends_on = date.fromisoformat(run["ends_on"])
        runs.append(CardRun(run["id"], run["region_id"], starts_on, ends_on, capacity, taken, waiting))
    plain = (
        "course_id",
        "title",
        "trade",
        "trade_en",
        "category",
        "mode",
        "is_shortage",
        "fee_fen",
        "institution",
        "place",
        "hours",
        "practice_hours",
        "certificate",
    )
    return Card(
        **{name: document[name] for name in plain},
        version=version,
        shape=Shape(
            trade_code=document["trade_code"],
            level=document["level"] or NO_LEVEL,
            form=document["form"],
            is_subsidised=document["is_subsidised"],
            has_fee=document["fee_fen"] > 0,
        ),
        region_ids=tuple(document["region_ids"]),
        runs=tuple(runs),
    )
