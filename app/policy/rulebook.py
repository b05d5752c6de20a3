"""The policy as frozen values: everything `evaluate` reads, loaded from files or built from dated rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from .conditions import Condition


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
    `papers` are alternatives; `when` names limits that hold for this group alone. `asked` is false for the groups
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
    papers: tuple[str, ...]
    valid_from: date
    valid_to: date | None = None
    when: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubsidyRule:
    """A subsidy rule (补贴标准). Amounts in fen; `percent` only for multipliers, which name `applies_to`.

    `kind` is cap, fixed, fixed_per_year or multiplier; `level` 5–1 or None for every level; `listed` True, False
    or None for both; `payee` institution, enterprise or worker; `judged` by the day of filing or certificate.
    `when` names the limits that must hold. With `needs_document` the text sets no amount: the rule is off until
    one stands beside the number of the document that sets it.
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
    judged: str = "filing"
    when: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    needs_document: bool = False
    amount_document: str = ""

    @property
    def is_set(self) -> bool:
        """Whether it has an amount, from this text or from a document named beside it."""
        return self.amount_fen is not None and not (self.needs_document and not self.amount_document)


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
    """A condition the rules name, or (without `when`) a number, with its basis.

    `if_unknown` is ask (no answer yet) or condition (yes, provided that); `number` is called `param` in the texts.
    It is told as `says`, looked at only once `after` is known, and while `quiet` spoken of only when it fails.
    A bureau may set a number within `bounds`, and put one with `switch` on and off.
    """

    code: str
    if_unknown: str
    basis: str
    clause: str
    valid_from: date
    valid_to: date | None = None
    when: Condition | None = None
    says: str = ""
    number: int | None = None
    param: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict)
    readings: tuple[str, ...] = ()
    after: str = ""
    quiet: bool = False
    off: bool = False
    note: str = ""
    name: Label | None = None
    bounds: tuple[int, int] | None = None
    switch: bool = False


@dataclass(frozen=True)
class FactType:
    """A fact about a person as declared: its type, where it comes from, and the values it may have."""

    code: str
    label: Label
    type: str
    source: str
    sensitivity: str
    choices: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    least: int = 0
    most: int = 0
    stands_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """How the text is read where it is open (A1–A39): the value, why, and where beside the rules it applies."""

    code: str
    about: Label
    value: Any
    basis: str
    applied: str = ""


@dataclass(frozen=True)
class Standard:
    """The standard (补贴标准) of a trade and level that a cap is paid up to, and the document that sets it."""

    trade: str
    level: int | None
    amount_fen: int
    document: str
    valid_from: date
    valid_to: date | None = None

    @property
    def code(self) -> str:
        """What it is the standard of."""
        return f"{self.trade}:{self.level or 0}"


@dataclass(frozen=True)
class Support:
    """Something the text permits without an amount, or, `off`, a kind it pays nothing for."""

    code: str
    name: Label
    off: bool
    payee: str = ""
    clause: str = ""
    quote: str = ""
    note: str = ""


@dataclass(frozen=True)
class Target:
    """A number the city set itself; `kind` flow is counted, stock is stated by the bureau."""

    code: str
    name: Label
    number: int
    unit: str
    kind: str
    window: str
    clause: str
    quote: str
    sum_of: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Programme:
    """A named action (专项计划) of the text, whom it is for and the targets it serves."""

    code: str
    name: Label
    clause: str
    quote: str
    lead: str
    groups: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Option:
    """One choice of a question; `value` None tells nothing.

    A `general` one is offered only before a course is chosen; `settles` are the codes it answers other questions
    with.
    """

    code: str
    label: Label
    value: str | int | tuple[str, ...] | None = None
    papers: tuple[str, ...] = ()
    general: bool = False
    settles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A plain question whose answer becomes the fact of the same name; `forms` empty means every form.

    With `general`, how it is asked before a course is chosen, the question is of one course: what is answered of
    that one tells nothing of another.
    """

    fact: str
    label: Label
    options: tuple[Option, ...]
    forms: tuple[str, ...] = ()
    general: Label | None = None

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
    """All dated policy data of one region; `law_on` applies the periods and keeps what it works out in `memo`."""

    documents: tuple[Document, ...]
    papers: tuple[Paper, ...]
    groups: tuple[TargetGroup, ...]
    rules: tuple[SubsidyRule, ...]
    limits: tuple[Limit, ...]
    questions: tuple[Question, ...]
    changes: tuple[Change, ...]
    facts: tuple[FactType, ...]
    readings: tuple[Reading, ...] = ()
    standards: tuple[Standard, ...] = ()
    supports: tuple[Support, ...] = ()
    targets: tuple[Target, ...] = ()
    programmes: tuple[Programme, ...] = ()
    memo: dict[object, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @cached_property
    def facts_by_code(self) -> Mapping[str, FactType]:
        """The declared facts."""
        return {fact.code: fact for fact in self.facts}

    @cached_property
    def group_codes(self) -> frozenset[str]:
        """Every target group there is or was."""
        return frozenset(group.code for group in self.groups)

    @cached_property
    def forms(self) -> frozenset[str]:
        """The forms of course that rules speak of."""
        return frozenset(rule.form for rule in self.rules)

    @cached_property
    def asked_facts(self) -> frozenset[str]:
        """The facts that plain answers give."""
        return frozenset(fact.code for fact in self.facts if fact.source == "asked")

    def reading(self, code: str) -> Reading:
        """The reading with this code; LookupError names it if there is none."""
        return _one(self.readings, code)

    def uses_of(self, reading: str) -> tuple[str, ...]:
        """What rests on a reading, as kind:code."""
        kinds: tuple[tuple[str, Iterable[Any]], ...] = (
            ("group", self.groups),
            ("rule", self.rules),
            ("limit", self.limits),
            ("target", self.targets),
        )
        found = (
            f"{kind}:{entry.code}" for kind, entries in kinds for entry in entries if reading in entry.readings
        )
        return tuple(dict.fromkeys(found))

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
