"""What must fit together across the files of a rule book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise

from .facts import FactError, read_facts
from .rulebook import Limit, RuleBook, Standard, SubsidyRule, TargetGroup
from .verdict import Offer

Problem = tuple[str, str, str]
OFFER_FIELDS = frozenset(f"offer.{name}" for name in Offer.__dataclass_fields__)


def problems(book: RuleBook) -> Iterator[Problem]:
    """Every misfit of a rule book as (file, entry, what to do)."""
    yield from _overlaps("target_groups.toml", book.groups)
    yield from _overlaps("subsidy_rules.toml", book.rules)
    yield from _overlaps("limits.toml", book.limits)
    yield from _overlaps("standards.toml", book.standards)
    yield from _limit_problems(book)
    yield from _group_problems(book)
    yield from _rule_problems(book)
    yield from _question_problems(book)
    yield from _plan_problems(book)


def _group_problems(book: RuleBook) -> Iterator[Problem]:
    papers, limits, opened = _papers(book), _limits(book), {rule.opens for rule in book.rules}
    for group in book.groups:
        entry = f"group {group.code}"
        yield from _missing("target_groups.toml", entry, "paper", group.papers, papers)
        yield from _missing("target_groups.toml", entry, "entitlement", group.opens, opened)
        yield from _missing("target_groups.toml", entry, "limit", group.when, limits)
        yield from _missing("target_groups.toml", entry, "reading", group.readings, _readings(book))


def _rule_problems(book: RuleBook) -> Iterator[Problem]:
    codes = {rule.code for rule in book.rules}
    documents = {document.code for document in book.documents}
    for rule in book.rules:
        entry = f"rule {rule.code}"
        yield from _missing("subsidy_rules.toml", entry, "document", (rule.document,), documents)
        yield from _missing("subsidy_rules.toml", entry, "rule", rule.applies_to, codes)
        yield from _missing("subsidy_rules.toml", entry, "paper", rule.papers, _papers(book))
        yield from _missing("subsidy_rules.toml", entry, "limit", rule.when, _limits(book))
        yield from _missing("subsidy_rules.toml", entry, "reading", rule.readings, _readings(book))
        if rule.level is not None and rule.level not in range(1, 6):
            yield "subsidy_rules.toml", entry, "Make level a number from 1 to 5."


def _limit_problems(book: RuleBook) -> Iterator[Problem]:
    named = {code for rule in book.rules for code in rule.when}
    named |= {code for group in book.groups for code in group.when}
    for limit in book.limits:
        entry = f"limit {limit.code}"
        if limit.when is None:
            continue
        if limit.code not in named:
            yield "limits.toml", entry, "No rule or group names it; correct the code or name it in a when."
        facts = book.facts_by_code.keys() | OFFER_FIELDS
        yield from _missing("limits.toml", entry, "fact", limit.when.facts, facts)
        yield from _missing("limits.toml", entry, "reading", limit.readings, _readings(book))
        if limit.after:
            yield from _missing("limits.toml", entry, "limit", (limit.after,), _limits(book))


def _question_problems(book: RuleBook) -> Iterator[Problem]:
    file, facts = "situations.toml", book.facts_by_code.keys()
    groups = {group.code: group for group in book.groups}
    for question in book.questions:
        entry = f"question {question.fact}"
        yield from _missing(file, entry, "fact", (question.fact,), book.asked_facts)
        for option in question.options:
            yield from _missing(file, entry, "paper", option.papers, _papers(book))
            if isinstance(option.value, tuple):
                yield from _missing(file, entry, "group", option.value, groups)
                if any(code in groups and not groups[code].asked for code in option.value):
                    yield file, entry, f"Remove the groups from {option.code!r} that are never asked."
            yield from _value_problems(book, entry, question.fact, option.value)
            for fact, code in option.settles.items():
                other = book.question(fact)
                if other is None or other.option(code) is None:
                    yield file, entry, f"{option.code!r} settles {fact} with {code!r}, which nobody can answer."
    for change in book.changes:
        entry = f"near_miss {change.code}"
        yield from _missing(file, entry, "fact", (change.fact,), facts | OFFER_FIELDS)
        yield from _missing(file, entry, "group", change.unless, groups)
        if change.fact in facts:
            yield from _value_problems(book, entry, change.fact, change.value)


def _value_problems(book: RuleBook, entry: str, fact: str, value: object) -> Iterator[Problem]:
    try:
        read_facts(book, {fact: value})
    except FactError:
        yield "situations.toml", entry, f"The fact {fact!r} cannot be {value!r}; see facts.toml."


def _plan_problems(book: RuleBook) -> Iterator[Problem]:
    targets = {target.code for target in book.targets}
    for target in book.targets:
        entry = f"target {target.code}"
        yield from _missing("targets.toml", entry, "target", (*target.sum_of, *target.within), targets)
        yield from _missing("targets.toml", entry, "reading", target.readings, _readings(book))
    for programme in book.programmes:
        entry = f"programme {programme.code}"
        yield from _missing("programmes.toml", entry, "target", programme.targets, targets)
        yield from _missing("programmes.toml", entry, "group", programme.groups, book.group_codes)
    for fact in book.facts:
        yield from _missing("facts.toml", f"fact {fact.code}", "fact", fact.stands_for, book.facts_by_code)


def reading_problems(book: RuleBook) -> Iterator[Problem]:
    """Readings that nothing uses, and those whose number is not the one their limit begins with."""
    first: dict[str, Limit] = {}
    for limit in sorted(book.limits, key=lambda each: each.valid_from):
        first.setdefault(limit.code, limit)
    for reading in book.readings:
        entry = f"reading {reading.code}"
        if not reading.applied and not book.uses_of(reading.code):
            yield "readings.toml", entry, "Nothing uses it; name it in `readings` there, or say `applied` where."
        values = reading.value if isinstance(reading.value, Mapping) else {}
        for code, value in values.items():
            if code in first and isinstance(value, int) and first[code].number not in (None, value):
                yield (
                    "readings.toml",
                    entry,
                    f"Make {code} {first[code].number}, as the limit says, or correct it.",
                )


def _papers(book: RuleBook) -> frozenset[str]:
    return frozenset(paper.code for paper in book.papers)


def _limits(book: RuleBook) -> frozenset[str]:
    return frozenset(limit.code for limit in book.limits)


def _readings(book: RuleBook) -> frozenset[str]:
    return frozenset(reading.code for reading in book.readings)


def _missing(file: str, entry: str, kind: str, codes: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    have = set(known)
    for code in codes:
        if code not in have:
            yield file, entry, f"There is no {kind} {code!r}; correct the code or add it."


def _overlaps(file: str, entries: Iterable[TargetGroup | SubsidyRule | Limit | Standard]) -> Iterator[Problem]:
    ordered = sorted(entries, key=lambda e: (e.code, e.valid_from))
    for earlier, later in pairwise(ordered):
        if earlier.code == later.code and later.valid_from < (earlier.valid_to or date.max):
            yield file, earlier.code, "Two versions are in force on the same day; close the earlier with valid_to."
