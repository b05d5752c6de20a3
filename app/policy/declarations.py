"""Reads what the rules rest on: facts, readings, standards, and what the text names without paying for it."""

from __future__ import annotations

from collections.abc import Mapping

from .entries import (
    Entry,
    EntryError,
    choice_of,
    flag_of,
    label_of,
    period_of,
    switch_of,
    text_of,
    texts_of,
    whole_of,
)
from .facts import TYPES
from .rulebook import FactType, Programme, Reading, Standard, Support, Target


def read_fact(entry: Entry) -> FactType:
    """Read the declaration of a fact; raises EntryError."""
    kind = choice_of(entry, "type", *sorted(TYPES))
    ranges = {code: _ages(code, ages) for code, ages in entry.get("ranges", {}).items()}
    if kind in ("choice", "claims") and not (ranges or entry.get("choices")):
        raise EntryError("Give the choices of the fact, or its ranges.")
    return FactType(
        code=text_of(entry, "code"),
        label=label_of(entry),
        type=kind,
        source=choice_of(entry, "source", "asked", "id_number", "certified", "history"),
        sensitivity=choice_of(entry, "sensitivity", "normal", "medium", "sensitive"),
        choices=texts_of(entry, "choices") or tuple(ranges),
        ranges=ranges,
        least=whole_of(entry, "least") if kind == "number" else 0,
        most=whole_of(entry, "most") if kind == "number" else 0,
        stands_for=texts_of(entry, "stands_for"),
    )


def _ages(code: str, ages: object) -> tuple[int, int]:
    if not isinstance(ages, list | tuple) or len(ages) != 2 or not all(isinstance(age, int) for age in ages):
        raise EntryError(f"Give the range {code!r} its first and last age.")
    return ages[0], ages[1]


def read_reading(entry: Entry) -> Reading:
    """Read how an open point of the text is read; raises EntryError."""
    if "value" not in entry:
        raise EntryError("Give the value that is taken.")
    value = entry["value"]
    return Reading(
        code=text_of(entry, "code"),
        about=label_of(entry),
        value=dict(value) if isinstance(value, Mapping) else tuple(value) if isinstance(value, list) else value,
        basis=text_of(entry, "basis"),
        applied=entry.get("applied", ""),
    )


def read_standard(entry: Entry) -> Standard:
    """Read the standard of a trade and level; raises EntryError."""
    return Standard(
        trade=text_of(entry, "trade"),
        level=whole_of(entry, "level") if "level" in entry else None,
        amount_fen=whole_of(entry, "amount_fen"),
        document=text_of(entry, "document"),
        **period_of(entry),
    )


def read_support(entry: Entry) -> Support:
    """Read a permission, or a kind of money the text does not give; raises EntryError."""
    return Support(
        code=text_of(entry, "code"),
        name=label_of(entry),
        off=flag_of(entry, "off"),
        payee=entry.get("payee", ""),
        clause=entry.get("clause", "") if switch_of(entry, "off") else text_of(entry, "clause"),
        quote=entry.get("quote", "") if switch_of(entry, "off") else text_of(entry, "quote"),
        note=entry.get("note", ""),
    )


def read_target(entry: Entry) -> Target:
    """Read a number the city set itself; raises EntryError."""
    return Target(
        code=text_of(entry, "code"),
        name=label_of(entry),
        number=whole_of(entry, "number"),
        unit=text_of(entry, "unit"),
        kind=choice_of(entry, "kind", "flow", "stock"),
        window=text_of(entry, "window"),
        clause=text_of(entry, "clause"),
        quote=text_of(entry, "quote"),
        sum_of=texts_of(entry, "sum_of"),
        within=texts_of(entry, "within"),
        readings=texts_of(entry, "readings"),
    )


def read_programme(entry: Entry) -> Programme:
    """Read a named action of the text; raises EntryError."""
    return Programme(
        code=text_of(entry, "code"),
        name=label_of(entry),
        clause=text_of(entry, "clause"),
        quote=text_of(entry, "quote"),
        lead=text_of(entry, "lead"),
        groups=texts_of(entry, "groups"),
        targets=texts_of(entry, "targets"),
    )
