"""What narrows the results, in words: chips over them, filters beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from app.catalog import texts
from app.catalog.asking import Asked
from app.catalog.search.contract import NO_LEVEL, SOON, FacetName, Page
from app.catalog.services.browsing import Place
from app.http import url_for
from app.i18n import day, pick
from app.i18n import gettext as _


@dataclass(frozen=True)
class Names:
    """What codes are called: places by id, categories in the reader's language, institutions by id as text."""

    regions: Mapping[int, Place] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    institutions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _by_code(self) -> dict[str, Place]:
        return {place.code: place for place in self.regions.values()}

    def place(self, code: str) -> str:
        """A county-level unit by its code; the code itself if there is none."""
        found = self._by_code.get(code)
        return pick(found.name, found.name_en) if found else code

    def choice(self, facet: str, value: str) -> str:
        """What a choice is called where it stands alone."""
        match facet:
            case "category":
                return self.categories.get(value, value)
            case "region":
                return self.place(value)
            case "level":
                return _("不分等级") if value == str(NO_LEVEL) else str(texts.LEVELS[int(value)])
            case "mode":
                return str(texts.MODES[value])
            case "trade":
                return _("工种：%(name)s", name=value)
            case "institution":
                return self.institutions.get(value) or _("一家机构")
            case "since":
                return _("%(day)s以后的新课", day=day(datetime.fromtimestamp(int(value) / 1000, UTC), "short"))
            case "start" if value == SOON:
                return _("30 天内")
            case "start":
                return day(date.fromisoformat(f"{value}-01"), "month_of_year")
        return {"shortage": _("急需紧缺"), "free": _("对我免费")}[facet]

    def option(self, facet: str, value: str) -> str:
        """What a choice is called below its facet's title."""
        if facet == "shortage":
            return _("在今天的目录里（示例，非官方目录）")
        if facet == "free":
            return _("按我的回答，可以免费学的")
        return self.choice(facet, value)


def address(asked: Asked, **changes: object) -> str:
    """The address of a search."""
    pairs, base = asked.pairs(**changes), url_for("catalog.search")
    return f"{base}?{urlencode(pairs)}" if pairs else base


def page_addresses(asked: Asked) -> Callable[[int], str]:
    """The addresses of a search's pages by their numbers."""
    first = address(asked, page=1)
    joint = "&" if "?" in first else "?"
    return lambda number: f"{first}{joint}page={number}" if number > 1 else first


class Choosable(NamedTuple):
    """A choice of a facet as it is shown."""

    value: str
    label: str
    cards: int
    is_checked: bool


def facets(joined: Asked, found: Page, names: Names) -> dict[str, list[Choosable]]:
    """Each facet's choices in the order shown; a chosen one stays though nothing is left of it."""
    shown: dict[str, list[Choosable]] = {}
    chosen = joined.chosen
    for name in FacetName:
        picked = [choice.value for choice in chosen if choice.facet == name.value]
        counts = {option.value: option.count for option in found.facet(name).options}
        if name is FacetName.REGION:
            counts = {names.regions[int(i)].code: count for i, count in counts.items() if int(i) in names.regions}
        for value in picked:
            counts.setdefault(value, 0)
        if name in (FacetName.SHORTAGE, FacetName.FREE):
            counts.setdefault("1", 0)
        shown[name.value] = [
            Choosable(value, names.option(name.value, value), count, value in picked)
            for value, count in counts.items()
        ]
    in_order = list(texts.MODES)
    shown["mode"].sort(key=lambda option: in_order.index(option.value))
    # Chosen regions stay in sight; the rest follows in a fold.
    shown["region"].sort(key=lambda option: not option.is_checked)
    return shown


def filters_of(asked: Asked) -> dict[str, Any]:
    """What is chosen, as the query log keeps it."""
    filters: dict[str, Any] = {}
    for choice in asked.chosen:
        if choice.facet in ("shortage", "free"):
            filters[choice.facet] = True
        elif choice.facet != "since":
            filters.setdefault(choice.facet, []).append(choice.value)
    return filters
