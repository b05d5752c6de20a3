"""Reads the policy files into frozen values; every error says which file and entry, and what to do."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from .declarations import (
    read_fact,
    read_programme,
    read_reading,
    read_standard,
    read_support,
    read_target,
)
from .entries import (
    Entry,
    EntryError,
    read_change,
    read_document,
    read_group,
    read_limit,
    read_paper,
    read_question,
    read_rule,
)
from .integrity import problems, reading_problems
from .rulebook import RuleBook

HERE = Path(__file__).parent
RULES = HERE / "rules"
SOURCES = HERE / "sources"
FILES = {
    "group": "target_groups.toml",
    "paper": "target_groups.toml",
    "rule": "subsidy_rules.toml",
    "document": "subsidy_rules.toml",
    "limit": "limits.toml",
    "question": "situations.toml",
    "near_miss": "situations.toml",
    "fact": "facts.toml",
    "reading": "readings.toml",
    "standard": "standards.toml",
    "support": "support.toml",
    "target": "targets.toml",
    "programme": "programmes.toml",
}

Entries = Mapping[str, Iterable[Entry]]
_T = TypeVar("_T")


class PolicyFileError(ValueError):
    """A policy file that cannot be used: the message names the file, the entry and what to do."""

    def __init__(self, file: str, entry: str, advice: str) -> None:
        super().__init__(f"{file}, {entry}: {advice}")
        self.file = file
        self.entry = entry
        self.advice = advice


@dataclass(frozen=True)
class TradeEntry:
    """An occupation of the bundled list; `demo_listed` marks the demonstration shortage list (not official)."""

    classification_version: str
    code: str
    name: str
    name_en: str
    category: str
    category_en: str
    demo_listed: bool


@dataclass(frozen=True)
class VariantEntry:
    """A 工种 of an occupation."""

    code: str
    variant: str
    variant_en: str


@dataclass(frozen=True)
class RegionEntry:
    """A region: kind city, district, county, county_city or zone; the city itself has no parent.

    `statistical_only` codes never appear in an ID number; `in_city_total` is false for 辛集. `centre` is the
    latitude and longitude of its seat, to about a kilometre; None for the city.
    """

    code: str
    name: str
    name_en: str
    kind: str
    parent_code: str | None
    in_city_total: bool
    statistical_only: bool
    centre: tuple[float, float] | None = None


def load_rulebook(path: Path = RULES) -> RuleBook:
    """Load the rule book from its TOML files; raises PolicyFileError.

    Here every reading must be used and have the value its limit has; dated rows may go beyond both.
    """
    book = build_rulebook(read_entries(path))
    for file, entry, advice in reading_problems(book):
        raise PolicyFileError(file, entry, advice)
    return book


def build_rulebook(entries: Entries) -> RuleBook:
    """Build a rule book from plain entries by kind, read from the files or from the `data` of dated rows.

    Raises PolicyFileError; for rows, its file is the one the entry would stand in.
    """
    book = RuleBook(
        documents=_read(entries, "document", read_document),
        papers=_read(entries, "paper", read_paper),
        groups=_read(entries, "group", read_group),
        rules=_read(entries, "rule", read_rule),
        limits=_read(entries, "limit", read_limit),
        questions=_read(entries, "question", read_question),
        changes=_read(entries, "near_miss", read_change),
        facts=_read(entries, "fact", read_fact),
        readings=_read(entries, "reading", read_reading),
        standards=_read(entries, "standard", read_standard),
        supports=_read(entries, "support", read_support),
        targets=_read(entries, "target", read_target),
        programmes=_read(entries, "programme", read_programme),
    )
    for file, entry, advice in problems(book):
        raise PolicyFileError(file, entry, advice)
    return book


def read_entries(path: Path = RULES) -> dict[str, tuple[dict[str, Any], ...]]:
    """Read the entries of the rule files by kind (group, rule, limit…) as plain JSON values, dates as ISO text.

    Raises PolicyFileError for a file that is missing or is not TOML.
    """
    files = {file: _toml(path / file) for file in dict.fromkeys(FILES.values())}
    return {kind: tuple(_plain(entry) for entry in files[file].get(kind, ())) for kind, file in FILES.items()}


def load_trades(path: Path = SOURCES / "trades.csv") -> tuple[TradeEntry, ...]:
    """Load the bundled occupations (示例，非官方目录), in file order; raises PolicyFileError."""
    rows = _csv(path, TradeEntry.__annotations__)
    _unique(path, (row["code"] for row in rows))
    return tuple(TradeEntry(**{**row, "demo_listed": _yes(path, row["code"], "demo_listed", row)}) for row in rows)


def load_variants(path: Path = SOURCES / "variants.csv") -> tuple[VariantEntry, ...]:
    """Load the 工种 of the bundled occupations, in file order; raises PolicyFileError."""
    rows = _csv(path, VariantEntry.__annotations__)
    _unique(path, (f"{row['code']} {row['variant']}" for row in rows))
    return tuple(VariantEntry(**row) for row in rows)


def load_regions(
    path: Path = SOURCES / "divisions.csv", centres: Path = SOURCES / "centres.csv"
) -> tuple[RegionEntry, ...]:
    """Load the city and its county-level units, the city first; raises PolicyFileError."""
    centre_of = _centres(centres)
    rows = _csv(path, ("code", "name", "name_en", "kind", "in_city_total", "statistical_only"))
    _unique(path, (row["code"] for row in rows))
    city = next((row["code"] for row in rows if row["kind"] == "city"), None)
    if city is None:
        raise PolicyFileError(path.name, "kind", "Give one row the kind city.")
    return tuple(
        RegionEntry(
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            kind=row["kind"],
            parent_code=None if row["code"] == city else city,
            in_city_total=_yes(path, row["code"], "in_city_total", row),
            statistical_only=_yes(path, row["code"], "statistical_only", row),
            centre=centre_of.get(row["code"]),
        )
        for row in rows
    )


def _centres(path: Path) -> dict[str, tuple[float, float]]:
    rows = _csv(path, ("code", "latitude", "longitude"))
    _unique(path, (row["code"] for row in rows))
    try:
        return {row["code"]: (float(row["latitude"]), float(row["longitude"])) for row in rows}
    except ValueError as error:
        raise PolicyFileError(path.name, "latitude, longitude", f"Write degrees as numbers: {error}.") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PolicyFileError(path.name, "file", "The file is missing; restore it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyFileError(path.name, "file", f"Correct the TOML: {error}.") from error


def _read(entries: Entries, kind: str, read: Callable[[Entry], _T]) -> tuple[_T, ...]:
    found = []
    for number, entry in enumerate(entries.get(kind, ()), start=1):
        try:
            found.append(read(entry))
        except EntryError as error:
            name = entry.get("code") or entry.get("fact") or entry.get("trade") or number
            raise PolicyFileError(FILES[kind], f"{kind} {name}", str(error)) from error
    return tuple(found)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _csv(path: Path, columns: Iterable[str]) -> list[dict[str, Any]]:
    wanted = tuple(columns)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = set(wanted).difference(reader.fieldnames or ())
            if missing:
                raise PolicyFileError(path.name, "header", f"Add the columns {', '.join(sorted(missing))}.")
            rows = [{column: row[column] for column in wanted} for row in reader]
    except FileNotFoundError as error:
        raise PolicyFileError(path.name, "file", "The file is missing; restore it.") from error
    for line, row in enumerate(rows, start=2):
        for column, value in row.items():
            if not value:
                raise PolicyFileError(path.name, f"line {line}", f"Fill in the column {column}.")
    return rows


def _unique(path: Path, keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise PolicyFileError(path.name, key, "The entry occurs twice; keep one.")
        seen.add(key)


def _yes(path: Path, entry: str, column: str, row: Mapping[str, str]) -> bool:
    if row[column] not in ("yes", "no"):
        raise PolicyFileError(path.name, entry, f"Write yes or no in the column {column}.")
    return row[column] == "yes"
