"""Reads one entry of a rule file, or the `data` of a dated row, into its frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from .rulebook import (
    Change,
    Document,
    Label,
    Limit,
    Option,
    Paper,
    Question,
    RetirementTrack,
    SubsidyRule,
    TargetGroup,
)

Entry = Mapping[str, Any]


class EntryError(ValueError):
    """An entry that cannot be used; the message says what to do."""


def read_document(entry: Entry) -> Document:
    """Read a document the rules cite; raises EntryError."""
    return Document(
        _text(entry, "code"),
        _label(entry),
        entry.get("number", ""),
        _day(entry, "issued_on"),
        _text(entry, "source"),
    )


def read_paper(entry: Entry) -> Paper:
    """Read a kind of proof; raises EntryError."""
    return Paper(_text(entry, "code"), _label(entry), _whole(entry, "months"))


def read_group(entry: Entry) -> TargetGroup:
    """Read a target group; raises EntryError."""
    return TargetGroup(
        code=_text(entry, "code"),
        name=_label(entry),
        clause=_text(entry, "clause"),
        quote=_text(entry, "quote"),
        basis=_one_of(entry, "basis", "explicit", "inferred"),
        sensitivity=_one_of(entry, "sensitivity", "normal", "medium", "sensitive", "very_sensitive"),
        asked=_flag(entry, "asked"),
        opens=_texts(entry, "opens"),
        recognition=_flag(entry, "recognition"),
        papers=_texts(entry, "papers"),
        **_period(entry),
    )


def read_rule(entry: Entry) -> SubsidyRule:
    """Read a subsidy rule, amounts in fen; raises EntryError."""
    kind = _one_of(entry, "kind", "cap", "fixed", "fixed_per_year", "multiplier")
    amount = _whole(entry, "amount_fen") if "amount_fen" in entry else None
    if kind == "multiplier" and not ("percent" in entry and entry.get("applies_to") and amount is None):
        raise EntryError("Give a multiplier percent and applies_to, and no amount_fen.")
    if kind != "multiplier" and ("percent" in entry or "applies_to" in entry):
        raise EntryError("Remove percent and applies_to, or make the kind multiplier.")
    if kind in ("cap", "fixed_per_year") and not amount:
        raise EntryError("Give amount_fen, the amount in fen, above 0.")
    return SubsidyRule(
        code=_text(entry, "code"),
        name=_label(entry),
        kind=kind,
        opens=_one_of(entry, "opens", "employment", "apprentice", "upgrade", "founder"),
        form=_one_of(entry, "form", "employment", "upgrade", "founder"),
        payee=_one_of(entry, "payee", "institution", "enterprise", "worker"),
        document=_text(entry, "document"),
        clause=_text(entry, "clause"),
        quote=_text(entry, "quote"),
        amount_fen=amount,
        percent=_whole(entry, "percent") if "percent" in entry else None,
        applies_to=_texts(entry, "applies_to"),
        level=_whole(entry, "level") if "level" in entry else None,
        listed=_flag(entry, "listed") if "listed" in entry else None,
        papers=_texts(entry, "papers"),
        note=entry.get("note", ""),
        **_period(entry),
    )


def read_limit(entry: Entry) -> Limit:
    """Read a limit or reading with its basis; raises EntryError."""
    return Limit(
        code=_text(entry, "code"),
        if_unknown=_one_of(entry, "if_unknown", "ask", "condition"),
        basis=_one_of(entry, "basis", "explicit", "assumption"),
        clause=entry.get("clause", ""),
        number=_whole(entry, "number") if "number" in entry else None,
        accepts=_texts(entry, "accepts"),
        entitlements=_texts(entry, "entitlements"),
        tracks=tuple(_track(track) for track in entry.get("track", ())),
        note=entry.get("note", ""),
        **_period(entry),
    )


def read_question(entry: Entry) -> Question:
    """Read a question with its options; raises EntryError."""
    options = tuple(_option(option) for option in entry.get("option", ()))
    if not options:
        raise EntryError("Give the question at least one option.")
    return Question(_text(entry, "fact"), _label(entry), options, _texts(entry, "forms"))


def read_change(entry: Entry) -> Change:
    """Read a change worth trying on a "no"; raises EntryError."""
    value = _value(entry)
    if value is None:
        raise EntryError("Give the value the fact changes to.")
    return Change(_text(entry, "code"), _text(entry, "fact"), value, _texts(entry, "unless"))


def _option(entry: Entry) -> Option:
    ages = [_whole(entry, key) if key in entry else None for key in ("from_age", "to_age")]
    return Option(_text(entry, "code"), _label(entry), _value(entry), ages[0], ages[1], _texts(entry, "papers"))


def _track(entry: Entry) -> RetirementTrack:
    return RetirementTrack(
        code=_text(entry, "code"),
        sex=_one_of(entry, "sex", "male", "female"),
        years=_whole(entry, "years"),
        rises_from=_day(entry, "rises_from"),
        months_per_step=_whole(entry, "months_per_step"),
        most_months=_whole(entry, "most_months"),
    )


def _label(entry: Entry) -> Label:
    return Label(_text(entry, "zh"), _text(entry, "en"))


def _period(entry: Entry) -> dict[str, Any]:
    start = _day(entry, "valid_from")
    end = _day(entry, "valid_to") if entry.get("valid_to") else None
    if end is not None and end <= start:
        raise EntryError("Make valid_to later than valid_from; it is the first day no longer in force.")
    return {"valid_from": start, "valid_to": end}


def _value(entry: Entry) -> Any:
    value = entry.get("value")
    return tuple(value) if isinstance(value, list | tuple) else value


def _text(entry: Entry, key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise EntryError(f"Give {key} as a text that is not empty.")
    return value


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    value = entry.get(key, ())
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise EntryError(f"Give {key} as a list of texts.")
    return tuple(value)


def _one_of(entry: Entry, key: str, *allowed: str) -> str:
    value = _text(entry, key)
    if value not in allowed:
        raise EntryError(f"Make {key} one of {', '.join(allowed)}; it is {value!r}.")
    return value


def _flag(entry: Entry, key: str) -> bool:
    value = entry.get(key)
    if not isinstance(value, bool):
        raise EntryError(f"Make {key} true or false.")
    return value


def _whole(entry: Entry, key: str) -> int:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise EntryError(f"Give {key} as a whole number, 0 or more.")
    return value


def _day(entry: Entry, key: str) -> date:
    value = entry.get(key)
    try:
        return value if isinstance(value, date) else date.fromisoformat(value or "")
    except (TypeError, ValueError) as error:
        raise EntryError(f"Give {key} as a date, YYYY-MM-DD.") from error
