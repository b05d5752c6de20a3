"""What a catalog address asks for: read from its parameters, joined with what the text says, written back.

An address holds search things only; what a person answered about themselves never travels here (law 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date

from werkzeug.datastructures import MultiDict

from app.catalog.models import CourseMode
from app.catalog.search.contract import LONGEST_TEXT, MOST_CHOICES, NO_LEVEL, SOON, Query, Shape, Sort, dates_of
from app.catalog.search.understanding import Part, Understood

MOST_PAGES = 100_000
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a catalog address, cleaned; regions by their public codes."""

    q: str = ""
    category: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    shortage: bool = False
    free: bool = False
    sort: Sort = Sort.BEST
    page: int = 1

    def pairs(self, **changes: object) -> Pairs:
        """The address's parameters, with changes; what is at its default is left out."""
        other = replace(self, **changes)  # type: ignore[arg-type]
        pairs: Pairs = []
        for field in fields(other):
            value = getattr(other, field.name)
            if value == field.default:
                continue
            if isinstance(value, tuple):
                pairs += [(field.name, each) for each in value]
            else:
                pairs.append((field.name, "1" if value is True else str(value)))
        return pairs

    def without(self, name: str, value: str) -> Asked:
        """The same without one choice, from its first page."""
        chosen = getattr(self, name)
        kept: object = tuple(each for each in chosen if each != value) if isinstance(chosen, tuple) else False
        return replace(self, page=1, **{name: kept})  # type: ignore[arg-type]

    def joined(self, understood: Understood) -> Asked:
        """With the choices the text names, and the text without them: what the filters beside the results show."""
        asked = replace(self, q=understood.rest)
        for part in understood.choices:
            chosen = getattr(asked, part.facet)
            value: object = True if isinstance(chosen, bool) else tuple(dict.fromkeys((*chosen, part.value)))
            asked = replace(asked, **{part.facet: value})  # type: ignore[arg-type]
        return asked

    @property
    def is_narrowed(self) -> bool:
        """Whether any facet is chosen."""
        return bool(
            self.category or self.region or self.level or self.mode or self.start or self.shortage or self.free
        )

    def query(
        self,
        understood: Understood,
        *,
        on: date,
        region_ids: Mapping[str, int],
        free_shapes: frozenset[Shape] | None,
    ) -> Query:
        """The query for a backend; 「对我免费」 only narrows once something is known of the person."""
        return Query(
            on=on,
            terms=understood.terms,
            trades=understood.trades,
            categories=self.category,
            regions=tuple(region_ids[code] for code in self.region if code in region_ids),
            levels=tuple(int(level) for level in self.level),
            modes=self.mode,
            starts=self.start,
            only_shortage=self.shortage,
            free_shapes=free_shapes,
            only_free=self.free and free_shapes is not None,
            sort=self.sort,
            page=self.page,
        )


def read(args: MultiDict[str, str], *, on: date) -> Asked:
    """Read an address's parameters; anything it cannot mean is dropped, never an error."""
    levels = {str(level) for level in (NO_LEVEL, 1, 2, 3, 4, 5)}
    modes = {mode.value for mode in CourseMode}
    sort = args.get("sort", "")
    page = args.get("page", "")
    return Asked(
        q=args.get("q", "")[: LONGEST_TEXT * 2].strip()[:LONGEST_TEXT],
        category=_listed(args, "category"),
        region=tuple(code for code in _listed(args, "region") if code.isascii() and code.isdigit()),
        level=tuple(level for level in _listed(args, "level") if level in levels),
        mode=tuple(mode for mode in _listed(args, "mode") if mode in modes),
        start=tuple(start for start in _listed(args, "start") if start == SOON or dates_of(start, on)),
        shortage=args.get("shortage") == "1",
        free=args.get("free") == "1",
        sort=Sort(sort) if sort in set(Sort) else Sort.BEST,
        page=min(max(int(page), 1), MOST_PAGES) if page.isascii() and page.isdigit() and len(page) < 8 else 1,
    )


def _listed(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    values = (value.replace("\x00", "")[:40] for value in args.getlist(name)[:MOST_CHOICES])
    return tuple(dict.fromkeys(value for value in values if value))


def text_without(understood: Understood, part: Part) -> str:
    """The typed text without one understood part."""
    return " ".join(understood.text.replace(part.text, " ", 1).split())
