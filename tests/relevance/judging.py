"""Judged queries: what each asks for, and the grade, 0 to 3, that every card of the corpus has by it.

A query's criteria were written before anything was tuned and look at what a card says alone, never at an order.
Grades given by hand to single cards (`judgements/`) come before the criteria.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SPELLED = ("pinyin", "initials", "typo", "traditional", "english")
SPOKEN = ("exact", "variant", "alias", "colloquial", "sentence")
WISHED = ("wishes", "level", "month", "shortage", "form", "field")
KINDS = (*SPOKEN, *SPELLED, *WISHED, "institution", "content", "nothing")
HELD_OUT = 40
GRADES = (3, 2, 1)


@dataclass(frozen=True, slots=True)
class JudgedCard:
    """What a card, and the course page behind it, says; `trade` is the occupation, `label` it or its variant."""

    card_id: str
    title: str
    trade: str
    label: str
    category: str
    institution: str
    region: str
    mode: str
    level: int
    form: str
    months: frozenset[str]
    is_shortage: bool
    is_subsidised: bool
    theory_hours: int
    practice_hours: int
    fee: int
    content: str

    @property
    def name(self) -> str:
        """The card as the judgements name it; no other has this name."""
        hours = f"{self.theory_hours}+{self.practice_hours} 课时"
        return f"{self.title} · {self.institution} · {hours} · {self.fee} 元"


# How a criterion reads a card: its name in the queries' files → what the value must meet.
_MEETS = {
    "trade": lambda card, names: card.trade in names or card.label in names,
    "label": lambda card, names: card.label in names,
    "category": lambda card, name: card.category == name,
    "institution": lambda card, name: card.institution == name,
    "school": lambda card, parts: all(part in card.institution for part in parts),
    "region": lambda card, name: card.region == name,
    "mode": lambda card, mode: card.mode == mode,
    "level": lambda card, level: card.level in (level if isinstance(level, list) else [level]),
    "form": lambda card, form: card.form == form,
    "month": lambda card, month: month in card.months,
    "shortage": lambda card, is_wanted: card.is_shortage == is_wanted,
    "subsidised": lambda card, is_wanted: card.is_subsidised == is_wanted,
    "content": lambda card, words: words in card.content,
}


@dataclass(frozen=True)
class JudgedQuery:
    """A query with its intent and criteria: a card's grade is the first of 3, 2, 1 whose criteria it meets."""

    text: str
    kind: str
    intent: str
    where: Mapping[str, Any]
    criteria: Mapping[int, Mapping[str, Any]]
    is_held_out: bool
    by_hand: Mapping[str, int] = field(default_factory=dict)

    def grade(self, card: JudgedCard) -> int:
        """The card's grade: by hand where there is one, else by the criteria."""
        given = self.by_hand.get(card.name)
        return self.by_criteria(card) if given is None else given

    def by_criteria(self, card: JudgedCard) -> int:
        """The card's grade by the criteria; 0 for one that does not meet a wish that was said."""
        if not _meets(card, self.where):
            return 0
        return next((grade for grade, wanted in self.criteria.items() if _meets(card, wanted)), 0)


def _meets(card: JudgedCard, wanted: Mapping[str, Any]) -> bool:
    return all(_MEETS[name](card, value) for name, value in wanted.items())


@functools.cache
def queries() -> tuple[JudgedQuery, ...]:
    """Every judged query, in the order of the files."""
    rows = [
        row
        for path in sorted((HERE / "queries").glob("*.toml"))
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["query"]
    ]
    by_hand = _given_by_hand()
    return tuple(
        JudgedQuery(
            text=row["text"],
            kind=row["kind"],
            intent=row["intent"],
            where=row.get("where", {}),
            criteria={grade: row[str(grade)] for grade in GRADES if str(grade) in row},
            is_held_out=row.get("held_out", False),
            by_hand=by_hand.get(row["text"], {}),
        )
        for row in rows
    )


def set_aside(texts: Iterable[str]) -> set[str]:
    """The queries nobody tunes on: those whose SHA-256 comes first."""
    return set(sorted(texts, key=lambda text: hashlib.sha256(text.encode()).hexdigest())[:HELD_OUT])


def _given_by_hand() -> dict[str, dict[str, int]]:
    given: dict[str, dict[str, int]] = {}
    for path in sorted((HERE / "judgements").glob("*.tsv")):
        for row in read_judgements(path):
            if row["by hand"]:
                given.setdefault(row["query"], {})[row["card"]] = int(row["grade"])
    return given


def read_judgements(path: Path) -> list[dict[str, str]]:
    """The rows of a file of judgements."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
