"""What a catalog address asks for: read from its parameters, joined with what the text says, written back. Pure.

An address holds search things only; what a person answered about themselves, and where they are, never travels
here (law 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, urlencode

from app.catalog.models import CourseMode
from app.catalog.search.contract import LONGEST_TEXT, MOST_CHOICES, NO_LEVEL, SOON, Query, Sort, Term
from app.catalog.search.ranking import month_of

MOST_PAGES = 100_000
LONGEST_ADDRESS = 2000
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing chosen: the parameter's name and its value."""

    facet: str
    value: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a catalog address, cleaned; regions by their public codes, institutions by their ids.

    `exact`: take the text as it was typed. `since`: only what is new since this millisecond of Unix time; 0: all.
    """

    q: str = ""
    category: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    institution: tuple[str, ...] = ()
    shortage: bool = False
    free: bool = False
    exact: bool = False
    since: int = 0
    sort: Sort = Sort.BEST
    page: int = 1

    def pairs(self, **changes: object) -> Pairs:
        """The address's parameters, with changes; what is at its default is left out."""
        pairs: Pairs = []
        for name, default in _DEFAULTS.items():
            value = changes.pop(name) if name in changes else getattr(self, name)
            if value == default:
                continue
            if isinstance(value, tuple):
                pairs += [(name, each) for each in value]
            else:
                pairs.append((name, "1" if value is True else str(value)))
        assert not changes, changes
        return pairs

    def address(self) -> str:
        """The same as a query string from its first page, old and new: what is kept of a saved search."""
        return urlencode(self.pairs(page=1, since=0))

    @property
    def chosen(self) -> tuple[Choice, ...]:
        """Everything that narrows the results but the text."""
        return tuple(Choice(name, str(value)) for name in NARROWING for value in (_as_tuple(getattr(self, name))))

    def without(self, choice: Choice) -> Asked:
        """The same without one choice, from its first page."""
        value = getattr(self, choice.facet)
        kept: object = type(value)()
        if isinstance(value, tuple):
            kept = tuple(each for each in value if each != choice.value)
        return replace(self, page=1, **{choice.facet: kept})  # type: ignore[arg-type]

    def without_any(self) -> Asked:
        """The text alone, from its first page."""
        return Asked(q=self.q, exact=self.exact, sort=self.sort)

    def joined(self, rest: str, choices: Iterable[tuple[str, str]]) -> Asked:
        """With the choices the text names, and the text without them: what the filters beside the results show."""
        asked = replace(self, q=rest)
        for facet, value in choices:
            chosen = getattr(asked, facet)
            more: object = True if isinstance(chosen, bool) else tuple(dict.fromkeys((*chosen, value)))
            asked = replace(asked, **{facet: more})  # type: ignore[arg-type]
        return asked

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is chosen besides the text."""
        return bool(self.chosen)

    @property
    def is_search(self) -> bool:
        """Whether anything is asked for at all."""
        return bool(self.q) or self.is_narrowed

    @property
    def news_since(self) -> datetime | None:
        """The instant after which something counts as new; None if everything is wanted."""
        return datetime.fromtimestamp(self.since / 1000, UTC) if self.since else None


_DEFAULTS = {field.name: field.default for field in fields(Asked)}
NARROWING = ("category", "region", "level", "mode", "start", "institution", "shortage", "free", "since")


def read(pairs: Iterable[tuple[str, str]], *, on: date) -> Asked:
    """Read an address's parameters; anything it cannot mean is dropped, never an error."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value.replace("\x00", ""))
    levels = {str(level) for level in (NO_LEVEL, 1, 2, 3, 4, 5)}
    modes = {mode.value for mode in CourseMode}
    sort = _first(given, "sort")
    return Asked(
        q=_first(given, "q")[: LONGEST_TEXT * 2].strip()[:LONGEST_TEXT],
        category=_listed(given, "category"),
        region=tuple(code for code in _listed(given, "region") if _number(code, digits=12)),
        level=tuple(level for level in _listed(given, "level") if level in levels),
        mode=tuple(mode for mode in _listed(given, "mode") if mode in modes),
        start=tuple(start for start in _listed(given, "start") if start == SOON or month_of(start, on)),
        institution=tuple(each for each in _listed(given, "institution") if _number(each, digits=18)),
        shortage=_first(given, "shortage") == "1",
        free=_first(given, "free") == "1",
        exact=_first(given, "exact") == "1",
        since=_number(_first(given, "since"), digits=13),
        sort=Sort(sort) if sort in set(Sort) else Sort.BEST,
        page=min(max(_number(_first(given, "page"), digits=7), 1), MOST_PAGES),
    )


def read_address(address: str, *, on: date) -> Asked:
    """Read a query string, as it was saved or as a browser names the page it comes from."""
    return read(parse_qsl(address[:LONGEST_ADDRESS], errors="replace"), on=on)


def query_of(
    joined: Asked,
    terms: tuple[Term, ...],
    *,
    on: date,
    region_ids: Mapping[str, int],
    free: frozenset[str] | None = None,
    near: tuple[tuple[int, ...], ...] = (),
) -> Query:
    """The query of what was asked and understood; 「对我免费」 narrows only if anything is known of them."""
    return Query(
        on=on,
        terms=terms,
        categories=joined.category,
        regions=tuple(region_ids[code] for code in joined.region if code in region_ids),
        levels=tuple(int(level) for level in joined.level),
        modes=joined.mode,
        starts=joined.start,
        institutions=tuple(int(each) for each in joined.institution),
        only_shortage=joined.shortage,
        free=free,
        only_free=joined.free and free is not None,
        near=near,
        news_since=joined.news_since,
        sort=joined.sort,
        page=joined.page,
    )


def _as_tuple(value: object) -> tuple[object, ...]:
    if isinstance(value, tuple):
        return value
    if value is True:
        return ("1",)
    return (value,) if value else ()


def _first(given: Mapping[str, list[str]], name: str) -> str:
    return given.get(name, [""])[0]


def _listed(given: Mapping[str, list[str]], name: str) -> tuple[str, ...]:
    values = (value[:40] for value in given.get(name, [])[:MOST_CHOICES])
    return tuple(dict.fromkeys(value for value in values if value))


def _number(text: str, *, digits: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else 0
