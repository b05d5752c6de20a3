"""Reads one entry of a rule file, or the `data` of a dated row, into its frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from .grammar import ConditionError, read_condition
from .rulebook import (
    Change,
    Document,
    Label,
    Limit,
    Option,
    Paper,
    Question,
    SubsidyRule,
    TargetGroup,
)

Entry = Mapping[str, Any]


class EntryError(ValueError):
    """An entry that cannot be used; the message says what to do."""


def read_document(entry: Entry) -> Document:
    """Read a document the rules cite; raises EntryError."""
    return Document(
        text_of(entry, "code"),
        label_of(entry),
        entry.get("number", ""),
        day_of(entry, "issued_on"),
        text_of(entry, "source"),
    )


def read_paper(entry: Entry) -> Paper:
    """Read a kind of proof; raises EntryError."""
    return Paper(text_of(entry, "code"), label_of(entry), whole_of(entry, "months"))


def read_group(entry: Entry) -> TargetGroup:
    """Read a target group; raises EntryError."""
    return TargetGroup(
        code=text_of(entry, "code"),
        name=label_of(entry),
        clause=text_of(entry, "clause"),
        quote=text_of(entry, "quote"),
        basis=choice_of(entry, "basis", "explicit", "inferred"),
        sensitivity=choice_of(entry, "sensitivity", "normal", "medium", "sensitive", "very_sensitive"),
        asked=flag_of(entry, "asked"),
        opens=texts_of(entry, "opens"),
        papers=texts_of(entry, "papers"),
        when=texts_of(entry, "when"),
        readings=texts_of(entry, "readings"),
        **period_of(entry),
    )


def read_rule(entry: Entry) -> SubsidyRule:
    """Read a subsidy rule, amounts in fen; raises EntryError."""
    kind = choice_of(entry, "kind", "cap", "fixed", "fixed_per_year", "multiplier")
    amount = whole_of(entry, "amount_fen") if "amount_fen" in entry else None
    if kind == "multiplier" and not ("percent" in entry and entry.get("applies_to") and amount is None):
        raise EntryError("Give a multiplier percent and applies_to, and no amount_fen.")
    if kind != "multiplier" and ("percent" in entry or "applies_to" in entry):
        raise EntryError("Remove percent and applies_to, or make the kind multiplier.")
    if kind in ("cap", "fixed_per_year") and not amount:
        raise EntryError("Give amount_fen, the amount in fen, above 0.")
    if amount is not None and entry.get("needs_document") and not entry.get("amount_document"):
        raise EntryError("Give amount_document, the number of the document that sets amount_fen.")
    return SubsidyRule(
        code=text_of(entry, "code"),
        name=label_of(entry),
        kind=kind,
        opens=choice_of(entry, "opens", "employment", "apprentice", "upgrade", "founder"),
        form=choice_of(entry, "form", "employment", "upgrade", "founder"),
        payee=choice_of(entry, "payee", "institution", "enterprise", "worker"),
        document=text_of(entry, "document"),
        clause=text_of(entry, "clause"),
        quote=text_of(entry, "quote"),
        amount_fen=amount,
        percent=whole_of(entry, "percent") if "percent" in entry else None,
        applies_to=texts_of(entry, "applies_to"),
        level=whole_of(entry, "level") if "level" in entry else None,
        listed=flag_of(entry, "listed") if "listed" in entry else None,
        papers=texts_of(entry, "papers"),
        note=entry.get("note", ""),
        judged=choice_of(entry, "judged", "filing", "certificate"),
        when=texts_of(entry, "when"),
        readings=texts_of(entry, "readings"),
        needs_document=switch_of(entry, "needs_document"),
        amount_document=entry.get("amount_document", ""),
        **period_of(entry),
    )


def read_limit(entry: Entry) -> Limit:
    """Read a condition or number with its basis; raises EntryError."""
    try:
        when = read_condition(entry["when"], entry) if "when" in entry else None
    except ConditionError as error:
        raise EntryError(str(error)) from error
    if when is None and "number" not in entry:
        raise EntryError("Give when, the condition, or a number.")
    number = whole_of(entry, "number") if "number" in entry else None
    bounds = bounds_of(entry)
    if bounds is not None and not bounds[0] <= (number or 0) <= bounds[1]:
        raise EntryError(f"Make number one from {bounds[0]} to {bounds[1]}, its bounds.")
    return Limit(
        code=text_of(entry, "code"),
        if_unknown=choice_of(entry, "if_unknown", "ask", "condition"),
        basis=choice_of(entry, "basis", "explicit", "assumption"),
        clause=entry.get("clause", ""),
        when=when,
        says=entry.get("says", ""),
        number=number,
        param=text_of(entry, "param") if "number" in entry else "",
        numbers={name: whole_of(entry["numbers"], name) for name in entry.get("numbers", {})},
        readings=texts_of(entry, "readings"),
        after=entry.get("after", ""),
        quiet=switch_of(entry, "quiet"),
        off=switch_of(entry, "off"),
        note=entry.get("note", ""),
        name=label_of(entry) if "zh" in entry else None,
        bounds=bounds,
        switch=switch_of(entry, "switch"),
        **period_of(entry),
    )


def read_question(entry: Entry) -> Question:
    """Read a question with its options; raises EntryError."""
    options = tuple(_option(option) for option in entry.get("option", ()))
    if not options:
        raise EntryError("Give the question at least one option.")
    general = label_of(entry["general"]) if "general" in entry else None
    if any(option.general for option in options) != (general is not None):
        raise EntryError("Give general, the question before a course is chosen, and options that are general.")
    return Question(text_of(entry, "fact"), label_of(entry), options, texts_of(entry, "forms"), general)


def read_change(entry: Entry) -> Change:
    """Read a change worth trying on a "no"; raises EntryError."""
    value = _value(entry)
    if value is None:
        raise EntryError("Give the value the fact changes to.")
    return Change(text_of(entry, "code"), text_of(entry, "fact"), value, texts_of(entry, "unless"))


def _option(entry: Entry) -> Option:
    return Option(
        code=text_of(entry, "code"),
        label=label_of(entry),
        value=_value(entry),
        papers=texts_of(entry, "papers"),
        general=switch_of(entry, "general"),
        settles={fact: text_of(entry["settles"], fact) for fact in entry.get("settles", {})},
    )


def label_of(entry: Entry) -> Label:
    return Label(text_of(entry, "zh"), text_of(entry, "en"))


def period_of(entry: Entry) -> dict[str, Any]:
    start = day_of(entry, "valid_from")
    end = day_of(entry, "valid_to") if entry.get("valid_to") else None
    if end is not None and end <= start:
        raise EntryError("Make valid_to later than valid_from; it is the first day no longer in force.")
    return {"valid_from": start, "valid_to": end}


def _value(entry: Entry) -> Any:
    value = entry.get("value")
    return tuple(value) if isinstance(value, list | tuple) else value


def text_of(entry: Entry, key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise EntryError(f"Give {key} as a text that is not empty.")
    return value


def texts_of(entry: Entry, key: str) -> tuple[str, ...]:
    value = entry.get(key, ())
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise EntryError(f"Give {key} as a list of texts.")
    return tuple(value)


def choice_of(entry: Entry, key: str, *allowed: str) -> str:
    value = text_of(entry, key)
    if value not in allowed:
        raise EntryError(f"Make {key} one of {', '.join(allowed)}; it is {value!r}.")
    return value


def flag_of(entry: Entry, key: str) -> bool:
    value = entry.get(key)
    if not isinstance(value, bool):
        raise EntryError(f"Make {key} true or false.")
    return value


def switch_of(entry: Entry, key: str) -> bool:
    return key in entry and flag_of(entry, key)


def whole_of(entry: Entry, key: str) -> int:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise EntryError(f"Give {key} as a whole number, 0 or more.")
    return value


def bounds_of(entry: Entry) -> tuple[int, int] | None:
    value = entry.get("bounds")
    if value is None:
        return None
    if not isinstance(value, list | tuple) or [type(each) for each in value] != [int, int] or value[0] > value[1]:
        raise EntryError("Give bounds as two whole numbers, the lower first.")
    return value[0], value[1]


def day_of(entry: Entry, key: str) -> date:
    value = entry.get(key)
    try:
        return value if isinstance(value, date) else date.fromisoformat(value or "")
    except (TypeError, ValueError) as error:
        raise EntryError(f"Give {key} as a date, YYYY-MM-DD.") from error
