"""Reads conditions as the rule files write them (`rules/limits.toml` explains the words)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from .conditions import (
    COMPARISONS,
    AgeAtLeast,
    All,
    AnyOf,
    BeforeRetirement,
    Compare,
    Condition,
    Count,
    InYearFrom,
    Not,
    WithinMonths,
)
from .rulebook import RetirementTrack
from .verdict import Offer


class ConditionError(ValueError):
    """A condition that cannot be read; the message says what to do."""


def read_condition(written: Any, entry: Mapping[str, Any]) -> Condition:
    """Read a condition of an entry, whose own values its words name; raises ConditionError."""
    if isinstance(written, list | tuple):
        return All(_parts(written, entry))
    if not isinstance(written, Mapping):
        raise ConditionError("Write a condition as a table, or a list of them.")
    for word, read in _READERS.items():
        if word in written:
            try:
                condition: Condition = read(written, entry)
                return condition
            except (TypeError, KeyError, ValueError) as error:
                if isinstance(error, ConditionError):
                    raise
                raise ConditionError(f"Correct the condition with {word!r}: {error}.") from error
    raise ConditionError(f"Begin the condition with one of {', '.join(_READERS)}.")


def _parts(written: Iterable[Any], entry: Mapping[str, Any]) -> tuple[Condition, ...]:
    parts = tuple(read_condition(part, entry) for part in written)
    if not parts:
        raise ConditionError("Give the condition at least one part.")
    return parts


def _only(written: Mapping[str, Any], *words: str) -> None:
    for word in written:
        if word not in words:
            raise ConditionError(f"Remove {word!r} from the condition; it may have {', '.join(words)}.")


def _number(value: Any, entry: Mapping[str, Any]) -> int:
    number = entry.get(value, entry.get("numbers", {}).get(value)) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int):
        raise ConditionError(f"Give a whole number, or the name of one in the entry; {value!r} is neither.")
    return number


def _names_number(word: str, entry: Mapping[str, Any]) -> bool:
    return word in entry or word in entry.get("numbers", {})


def _read_compare(written: Mapping[str, Any], entry: Mapping[str, Any]) -> Condition:
    of_offer = "offer" in written
    name = written["offer" if of_offer else "fact"]
    _only(written, "offer" if of_offer else "fact", "within_months", "in_year_from", "otherwise", *COMPARISONS)
    if "within_months" in written:
        return WithinMonths(name, _number(written["within_months"], entry))
    if "in_year_from" in written:
        month, day = (int(part) for part in written["in_year_from"].split("-"))
        date(2001, month, day)
        return InYearFrom(name, month, day)
    words = [word for word in COMPARISONS if word in written]
    if len(words) != 1:
        raise ConditionError(f"Give the comparison of {name!r} one of {', '.join(COMPARISONS)}.")
    value = written[words[0]]
    if words[0] in ("at_least", "at_most", "below"):
        value = _number(value, entry)
    if words[0] == "in":
        value = frozenset(entry[value] if isinstance(value, str) else value)
    if of_offer and name not in Offer.__dataclass_fields__:
        raise ConditionError(f"A course has no field {name!r}.")
    return Compare(name, words[0], value, of_offer, written.get("otherwise") == "unknown")


def _read_count(written: Mapping[str, Any], entry: Mapping[str, Any]) -> Condition:
    below = written["below"]
    _only(written, *_COUNT_WORDS)
    if written.get("level", "") not in ("", "same", "same_or_higher"):
        raise ConditionError("Make level same or same_or_higher.")
    return Count(
        below=below if isinstance(below, str) and not _names_number(below, entry) else _number(below, entry),
        asked=written["asked"],
        same_trade=written.get("same_trade", False),
        level=written.get("level", ""),
        this_year=written.get("this_year", False),
        rules=frozenset(written.get("rules", ())),
        except_rules=frozenset(written.get("except_rules", ())),
        otherwise_unknown=written.get("otherwise") == "unknown",
    )


_COUNT_WORDS = (
    "count", "same_trade", "level", "this_year", "rules", "except_rules", "below", "asked", "otherwise",
)  # fmt: skip


def _read_tracks(entry: Mapping[str, Any]) -> tuple[RetirementTrack, ...]:
    tracks = tuple(
        RetirementTrack(
            code=track["code"],
            sex=track["sex"],
            years=track["years"],
            rises_from=_day(track["rises_from"]),
            months_per_step=track["months_per_step"],
            most_months=track["most_months"],
        )
        for track in entry.get("track", ())
    )
    if not tracks:
        raise ConditionError("Give the entry at least one track.")
    return tracks


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


_READERS: Mapping[str, Any] = {
    "all": lambda written, entry: All(_parts(written["all"], entry)),
    "any": lambda written, entry: AnyOf(_parts(written["any"], entry)),
    "not": lambda written, entry: Not(read_condition(written["not"], entry)),
    "fact": _read_compare,
    "offer": _read_compare,
    "count": _read_count,
    "age_at_least": lambda written, entry: AgeAtLeast(_number(written["age_at_least"], entry)),
    "before_retirement": lambda written, entry: BeforeRetirement(_read_tracks(entry)),
}
