"""What goes into an evaluation besides facts, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .rulebook import Paper

Param = str | int
Value = str | int | bool | tuple[str, ...]


class Answer(StrEnum):
    """The answer to 「这门课对我免费吗？」: yes, no or not known, and two beside them.

    ELIGIBLE: the text names the person for training and sets no amount, so nothing is promised and the learner
    pays the fee. NOT_IN_FORCE: no rule was in force on the day.
    """

    YES = "yes"
    ELIGIBLE = "eligible"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_IN_FORCE = "not_in_force"


class Outcome(StrEnum):
    """What one check found."""

    HELD = "held"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Offer:
    """The course as the rules see it. Money in fen; level 5 (elementary) to 1, None if it has none.

    `form` is employment, upgrade or founder. `listed` says whether the trade is on the shortage list in force
    (None: not known), `list_entry` which entry, and `listed_at_certificate` whether it was on the day the person's
    certificate was issued. `standard_fen` overrules the rule book's standard for this trade and level.
    """

    trade_code: str
    trade_name: str
    listed: bool | None
    level: int | None
    fee_fen: int
    form: str
    designated: bool
    standard_fen: int | None = None
    list_entry: str | None = None
    listed_at_certificate: bool | None = None


@dataclass(frozen=True)
class Reason:
    """One thing that was checked; `code` and `params` make its text, `clause` is empty for our own readings."""

    code: str
    outcome: Outcome
    clause: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True)
class Condition:
    """Something not known that a yes depends on: 「可以，前提是…」."""

    code: str
    fact: str
    clause: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True)
class ProofNeed:
    """One paper to bring: any one of `options` is enough."""

    options: tuple[Paper, ...]


@dataclass(frozen=True)
class Citation:
    """Where it is written: document code, clause, and the words unchanged."""

    document: str
    clause: str
    quote: str


@dataclass(frozen=True)
class Step:
    """One change of a near miss: a fact, or a field of the course written `offer.<field>`."""

    code: str
    fact: str
    value: Value


@dataclass(frozen=True)
class NearMiss:
    """The fewest changes that together would turn a no into a yes, and what the yes would bring (fen)."""

    steps: tuple[Step, ...]
    rule_code: str | None
    subsidy_fen: int | None
    learner_pays_fen: int | None
    is_plain_yes: bool

    @property
    def code(self) -> str:
        """The code of the first change."""
        return self.steps[0].code

    @property
    def fact(self) -> str:
        """What the first change changes."""
        return self.steps[0].fact

    @property
    def value(self) -> Value:
        """What the first change makes of it."""
        return self.steps[0].value


@dataclass(frozen=True)
class Alternative:
    """Another form of course in the same trade that pays this person, and what it would bring (fen).

    `benefit_fen` is what the learner is better off by, beside paying the fee; None if that is not known.
    """

    form: str
    rule_code: str | None
    payee: str | None
    subsidy_fen: int | None
    learner_pays_fen: int | None
    benefit_fen: int | None
    is_plain_yes: bool


@dataclass(frozen=True)
class Node:
    """A branch of the reasons: what was asked of the person or the course, what came out, and where it is written.

    `kind` is verdict, rule, group, check, or the word of a condition (all, any, not, is, count…); `code` names the
    rule, group or check, and a leaf carries the fact it read. Groups in it are sensitive.
    """

    kind: str
    outcome: Outcome
    code: str = ""
    fact: str = ""
    clause: str = ""
    readings: tuple[str, ...] = ()
    params: Mapping[str, Param] = field(default_factory=dict)
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The answer with its amounts (fen; None: not known), reasons, open conditions and sources.

    `group_code` is the group the claim would run under and `group_codes` every group that opens it: both are
    sensitive and never leave the learner and the bureau. On UNKNOWN, `rule_code` and `cap_fen` say what is
    possible, never what is due; on ELIGIBLE there is no amount and no cap. `next_question` is the asked fact
    whose answer would settle most now; `tree` the reasons of every rule of the form, built only when asked for.
    """

    answer: Answer
    rule_code: str | None = None
    group_code: str | None = None
    group_codes: tuple[str, ...] = ()
    payee: str | None = None
    cap_fen: int | None = None
    subsidy_fen: int | None = None
    learner_pays_fen: int | None = None
    conditions: tuple[Condition, ...] = ()
    reasons: tuple[Reason, ...] = ()
    proofs: tuple[ProofNeed, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    next_question: str | None = None
    citations: tuple[Citation, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    tree: Node | None = None

    @property
    def is_plain_yes(self) -> bool:
        """Whether it is a yes that depends on nothing further."""
        return self.answer is Answer.YES and not self.conditions

    @property
    def is_conditional_yes(self) -> bool:
        """Whether it is 「可以，前提是…」."""
        return self.answer is Answer.YES and bool(self.conditions)

    @property
    def is_settled(self) -> bool:
        """Whether no further fact can change the answer."""
        if self.answer is Answer.ELIGIBLE:
            return not self.conditions
        return self.is_plain_yes or self.answer in (Answer.NO, Answer.NOT_IN_FORCE)

    @property
    def is_free(self) -> bool:
        """Whether the learner pays nothing (perhaps under conditions)."""
        return self.answer is Answer.YES and self.learner_pays_fen == 0
