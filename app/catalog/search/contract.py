"""The search contract: what is asked, what comes back, and what an engine must do.

A `Query` becomes a `Plan` (`ranking.py`), an engine ranks and counts the same `Document`s by it, and `pages.py`
makes a `Page` of what it found. `tests/contracts/test_search*.py` run against every engine. Nothing here knows a
database or a request.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from app.catalog.search.ranking import Plan

PER_PAGE = 20
LONGEST_TEXT = 100
MOST_TERMS = 12
MOST_CHOICES = 60
WINDOW = 10_000  # how many cards can be turned through: as far as Elasticsearch goes by default
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

    @property
    def key(self) -> str:
        """The shape as one word, as documents keep it."""
        return f"{self.trade_code}|{self.level}|{self.form}|{self.is_subsidised:d}|{self.has_fee:d}"

    @classmethod
    def from_key(cls, key: str) -> Shape:
        """The shape of a key."""
        trade_code, level, form, is_subsidised, has_fee = key.split("|")
        return cls(trade_code, int(level), form, is_subsidised == "1", has_fee == "1")


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question: a document answers it by all of `tokens`, or by one of `trades` (codes).

    `labels` are names of trades and variants, folded, in groups: those most likely meant first. `said` is what was
    typed where the word was corrected or is a synonym.
    """

    text: str
    tokens: tuple[str, ...]
    trades: tuple[str, ...] = ()
    said: str | None = None
    labels: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What someone looks for on a day; holds nothing about the person but the shapes free for them and rings.

    `free` are keys of shapes; None: nothing is known of the person. `near` are rings around a place, from wide to
    narrow, each with the regions inside. `news_since` leaves what is not new. `institutions` are tenants' ids.
    """

    on: date
    terms: tuple[Term, ...] = ()
    categories: tuple[str, ...] = ()
    regions: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    modes: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    institutions: tuple[int, ...] = ()
    only_shortage: bool = False
    free: frozenset[str] | None = None
    only_free: bool = False
    near: tuple[tuple[int, ...], ...] = ()
    news_since: datetime | None = None
    sort: Sort = Sort.BEST
    page: int = 1
    per_page: int = PER_PAGE


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


class CardRun(NamedTuple):
    """An open class of one of a card's courses, with its seats as they are now."""

    run_id: int
    course_id: int
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


class Card(NamedTuple):
    """One entry of a list of results: a course, or several of an institution alike but for place and dates.

    `course_id` is the first of them and names the card's page; `reasons` says why it stands where it stands.
    """

    card_id: UUID
    course_id: int
    version: int
    tenant_id: int
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
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results; `page` may be lower than asked for if there are fewer pages.

    `total` and the facets count cards; `engine` answered; `is_fallback` says that it stood in for another.
    """

    cards: tuple[Card, ...]
    facets: tuple[Facet, ...]
    total: int
    runs: int
    page: int
    per_page: int = PER_PAGE
    engine: str = ""
    is_fallback: bool = False

    @property
    def pages(self) -> int:
        """How many pages there are, at least one, at most as far as can be turned."""
        return min(max(-(-self.total // self.per_page), 1), WINDOW // self.per_page)

    @property
    def is_cut(self) -> bool:
        """Whether there is more than can be turned to; the page then says so."""
        return self.total > WINDOW

    def facet(self, name: FacetName) -> Facet:
        """One facet by its name; without options if it was not counted."""
        return next((facet for facet in self.facets if facet.name is name), Facet(name, ()))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What someone may be about to type: kind is trade, course or institution; `ref` its code, card or tenant."""

    kind: str
    text: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept of one card: what it is found by, counted by, sorted by and shown as.

    `label` is the folded name of its trade or variant; `level` is NO_LEVEL where a course has none. `card` is JSON
    for `card_from`. `tokens` are what it is found by (`analysis.py`), `suggest` the (kind, key, text, ref) it is
    suggested by. `news_at`: when it last had something new.
    """

    card_id: UUID
    version: int
    course_id: int
    course_ids: tuple[int, ...]
    tenant_id: int
    trade_code: str
    label: str
    category: str
    shape: str
    is_shortage: bool
    level: int
    mode: str
    fee_fen: int
    region_ids: tuple[int, ...]
    start_dates: tuple[date, ...]
    seats_left: int
    news_at: datetime
    tokens: tuple[str, ...] = field(hash=False)
    suggest: tuple[tuple[str, str, str, str], ...] = field(hash=False)
    card: dict[str, Any] = field(hash=False)

    @property
    def next_starts_on(self) -> date | None:
        """When its next class begins, as of the day it was built."""
        return min(self.start_dates, default=None)


class Hit(NamedTuple):
    """A document an engine found: its sum of points, and its sort values, comparable within one plan."""

    card_id: UUID
    tenant_id: int
    points: int
    sort: tuple[Any, ...] = ()


def card_order(card_id: UUID) -> int:
    """A card's place among its equals for an engine that sorts by no UUID: its first 60 bits."""
    return card_id.int >> 68


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted for a query, whatever its order and page."""

    facets: tuple[Facet, ...]
    total: int
    runs: int


@dataclass(frozen=True, slots=True)
class Found:
    """What an engine answers: hits in order, and counts where they were asked for."""

    hits: tuple[Hit, ...]
    counts: Counts | None = None


class SearchBackend(Protocol):
    """An engine: it ranks and counts. What a card shows is read from the stored documents (`store.py`)."""

    @property
    def name(self) -> str:
        """Which engine answers."""
        ...

    @property
    def is_fallback(self) -> bool:
        """Whether it stands in for another."""
        ...

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
        """Hits of a plan in its total order; those left out are left out of the hits, not of the counts.

        Raises EngineGoneError when it does not answer in time.
        """
        ...

    def finds(self, plans: Sequence[Plan]) -> list[bool]:
        """Whether each of some plans finds anything; fails as `find` does."""
        ...

    def suggest(self, typed: str, *, most: int) -> list[Suggestion]:
        """Courses and institutions whose name, pinyin or initials begin with what was typed (normalised)."""
        ...


class EngineGoneError(Exception):
    """An engine did not answer, or not in its time."""


def card_from(
    row: dict[str, Any],
    *,
    version: int,
    seats: dict[int, tuple[int, int, int]],
    on: date,
    reasons: tuple[tuple[str, int], ...] = (),
) -> Card:
    """A stored card as a `Card`: runs that have begun left out, seats as (capacity, taken, waiting) per run id."""
    runs = []
    for run in row["runs"]:
        starts_on = date.fromisoformat(run["starts_on"])
        if starts_on < on:
            continue
        capacity, taken, waiting = seats.get(run["id"], (run["seats"], run["taken"], run["waiting"]))
        ends_on = date.fromisoformat(run["ends_on"])
        runs.append(
            CardRun(run["id"], run["course_id"], run["region_id"], starts_on, ends_on, capacity, taken, waiting)
        )
    return Card(
        **{name: row[name] for name in _PLAIN},
        card_id=UUID(row["card_id"]),
        version=version,
        shape=_shape_from(row["shape"]),
        region_ids=tuple(row["region_ids"]),
        runs=tuple(runs),
        reasons=reasons,
    )


_shape_from = lru_cache(maxsize=4096)(Shape.from_key)
_PLAIN = (
    "course_id",
    "tenant_id",
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
