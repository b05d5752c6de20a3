"""The policy as frozen values: everything `evaluate` reads, loaded from files or built from dated rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar


@dataclass(frozen=True)
class Label:
    """A name in both languages."""

    zh: str
    en: str

    def in_(self, locale: str) -> str:
        """The name for a locale: Chinese for zh, zh-CN, zh_Hans…, English for every other."""
        return self.zh if locale.startswith("zh") else self.en


class _Dated(Protocol):
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...


_D = TypeVar("_D", bound=_Dated)


def in_force(entries: Iterable[_D], on: date) -> tuple[_D, ...]:
    """The entries whose period [valid_from, valid_to) holds the day."""
    return tuple(e for e in entries if e.valid_from <= on and (e.valid_to is None or on < e.valid_to))


@dataclass(frozen=True)
class Document:
    """A policy document; `number` is empty when the copy held prints none."""

    code: str
    title: Label
    number: str
    issued_on: date
    source: str


@dataclass(frozen=True)
class Paper:
    """A kind of proof (证明材料); verified, it serves for `months` (0: for good)."""

    code: str
    name: Label
    months: int


@dataclass(frozen=True)
class TargetGroup:
    """A target group (培训对象): what it opens and how it is proved; `clause` says where the text names it.

    `opens` holds entitlements (employment, apprentice, upgrade, founder); empty means named without an amount.
    `papers` are alternatives; with `recognition` the name alone is not enough. `asked` is false for the groups
    that come only by referral.
    """

    code: str
    name: Label
    clause: str
    quote: str
    basis: str
    sensitivity: str
    asked: bool
    opens: tuple[str, ...]
    recognition: bool
    papers: tuple[str, ...]
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class SubsidyRule:
    """A subsidy rule (补贴标准). Amounts in fen; `percent` only for multipliers, which name `applies_to`.

    `kind` is cap, fixed, fixed_per_year or multiplier; `level` 5–1 or None for every level; `listed` True, False
    or None for both; `payee` institution, enterprise or worker. A fixed rule without an amount is not set yet.
    """

    code: str
    name: Label
    kind: str
    opens: str
    form: str
    payee: str
    document: str
    clause: str
    quote: str
    valid_from: date
    valid_to: date | None = None
    amount_fen: int | None = None
    percent: int | None = None
    applies_to: tuple[str, ...] = ()
    level: int | None = None
    listed: bool | None = None
    papers: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class RetirementTrack:
    """One line of the statutory retirement age, rising a month per step of months since `rises_from`."""

    code: str
    sex: str
    years: int
    rises_from: date
    months_per_step: int
    most_months: int


@dataclass(frozen=True)
class Limit:
    """A limit or reading with its basis; `if_unknown` is ask (no answer yet) or condition (yes, provided that)."""

    code: str
    if_unknown: str
    basis: str
    clause: str
    valid_from: date
    valid_to: date | None = None
    number: int | None = None
    accepts: tuple[str, ...] = ()
    entitlements: tuple[str, ...] = ()
    tracks: tuple[RetirementTrack, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Option:
    """One choice of a question; `value` None tells nothing. Ages, where given, are whole years, both ends in."""

    code: str
    label: Label
    value: str | int | tuple[str, ...] | None = None
    from_age: int | None = None
    to_age: int | None = None
    papers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A plain question whose answer becomes the fact of the same name; `forms` empty means every form."""

    fact: str
    label: Label
    options: tuple[Option, ...]
    forms: tuple[str, ...] = ()

    def option(self, code: str) -> Option | None:
        """The option with this code, or None."""
        return next((o for o in self.options if o.code == code), None)


@dataclass(frozen=True)
class Change:
    """One change worth trying on a "no": a fact, or a field of the course written `offer.<field>`."""

    code: str
    fact: str
    value: str | int | bool | tuple[str, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleBook:
    """All dated policy data of one region; periods are applied by `evaluate`, not here."""

    documents: tuple[Document, ...]
    papers: tuple[Paper, ...]
    groups: tuple[TargetGroup, ...]
    rules: tuple[SubsidyRule, ...]
    limits: tuple[Limit, ...]
    questions: tuple[Question, ...]
    changes: tuple[Change, ...]

    def document(self, code: str) -> Document:
        """The document with this code; LookupError names it if there is none."""
        return _one(self.documents, code)

    def paper(self, code: str) -> Paper:
        """The paper with this code; LookupError names it if there is none."""
        return _one(self.papers, code)

    def question(self, fact: str) -> Question | None:
        """The question that asks for a fact, or None if it is never asked."""
        return next((q for q in self.questions if q.fact == fact), None)

    def questions_for(self, form: str) -> tuple[Question, ...]:
        """The questions that matter for a form of course, in the order they are asked."""
        return tuple(q for q in self.questions if not q.forms or form in q.forms)

    def group(self, code: str, on: date) -> TargetGroup | None:
        """The version of a group in force on a day, or None."""
        return next((g for g in in_force(self.groups, on) if g.code == code), None)

    def rule(self, code: str, on: date) -> SubsidyRule | None:
        """The version of a rule in force on a day, or None."""
        return next((r for r in in_force(self.rules, on) if r.code == code), None)

    def limit(self, code: str, on: date) -> Limit | None:
        """The version of a limit in force on a day, or None: then nothing is limited."""
        return next((x for x in in_force(self.limits, on) if x.code == code), None)


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


_C = TypeVar("_C", bound=_Coded)


def _one(entries: Iterable[_C], code: str) -> _C:
    found = next((e for e in entries if e.code == code), None)
    if found is None:
        raise LookupError(f"The rule book has no entry {code!r}.")
    return found
