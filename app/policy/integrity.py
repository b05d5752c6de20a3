"""What must fit together across the files of a rule book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise

from .checks import LIMIT_CODES
from .facts import FACT_KEYS
from .rulebook import Limit, RuleBook, SubsidyRule, TargetGroup
from .verdict import Offer

Problem = tuple[str, str, str]


def problems(book: RuleBook) -> Iterator[Problem]:
    """Every misfit of a rule book as (file, entry, what to do)."""
    papers = {paper.code for paper in book.papers}
    groups = {group.code: group for group in book.groups}
    opened = {rule.opens for rule in book.rules}
    yield from _overlaps("target_groups.toml", book.groups)
    yield from _overlaps("subsidy_rules.toml", book.rules)
    yield from _overlaps("limits.toml", book.limits)
    for group in book.groups:
        yield from _missing("target_groups.toml", f"group {group.code}", "paper", group.papers, papers)
        yield from _missing("target_groups.toml", f"group {group.code}", "entitlement", group.opens, opened)
    yield from _rule_problems(book, papers)
    for limit in book.limits:
        yield from _missing("limits.toml", f"limit {limit.code}", "limit", (limit.code,), LIMIT_CODES)
    yield from _question_problems(book, papers, groups)


def _rule_problems(book: RuleBook, papers: Iterable[str]) -> Iterator[Problem]:
    codes = {rule.code for rule in book.rules}
    documents = {document.code for document in book.documents}
    for rule in book.rules:
        entry = f"rule {rule.code}"
        yield from _missing("subsidy_rules.toml", entry, "document", (rule.document,), documents)
        yield from _missing("subsidy_rules.toml", entry, "rule", rule.applies_to, codes)
        yield from _missing("subsidy_rules.toml", entry, "paper", rule.papers, papers)
        if rule.level is not None and rule.level not in range(1, 6):
            yield "subsidy_rules.toml", entry, "Make level a number from 1 to 5."


def _question_problems(book: RuleBook, papers: Iterable[str], groups: dict[str, TargetGroup]) -> Iterator[Problem]:
    file = "situations.toml"
    for question in book.questions:
        entry = f"question {question.fact}"
        yield from _missing(file, entry, "fact", (question.fact,), FACT_KEYS)
        for option in question.options:
            yield from _missing(file, entry, "paper", option.papers, papers)
            if isinstance(option.value, tuple):
                yield from _missing(file, entry, "group", option.value, groups)
                if any(code in groups and not groups[code].asked for code in option.value):
                    yield file, entry, f"Remove the groups from {option.code!r} that are never asked."
    offer_fields = {f"offer.{name}" for name in Offer.__dataclass_fields__}
    for change in book.changes:
        yield from _missing(file, f"near_miss {change.code}", "fact", (change.fact,), FACT_KEYS | offer_fields)
        yield from _missing(file, f"near_miss {change.code}", "group", change.unless, groups)


def _missing(file: str, entry: str, kind: str, codes: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    have = set(known)
    for code in codes:
        if code not in have:
            yield file, entry, f"There is no {kind} {code!r}; correct the code or add it."


def _overlaps(file: str, entries: Iterable[TargetGroup | SubsidyRule | Limit]) -> Iterator[Problem]:
    ordered = sorted(entries, key=lambda e: (e.code, e.valid_from))
    for earlier, later in pairwise(ordered):
        if earlier.code == later.code and later.valid_from < (earlier.valid_to or date.max):
            yield file, earlier.code, "Two versions are in force on the same day; close the earlier with valid_to."
