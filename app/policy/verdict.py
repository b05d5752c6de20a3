"""What goes into an evaluation besides facts, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .rulebook import Paper

Param = str | int


class Answer(StrEnum):
    """The answer to 「这门课对我免费吗？」: three-valued, and a fourth for days without a rule."""

    YES = "yes"
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
    (None: not known) and `list_entry` which entry. `standard_fen` is the standard for this trade and level.
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
class NearMiss:
    """One change that would turn a no into a yes, and what the yes would bring (fen)."""

    code: str
    fact: str
    value: str | int | bool | tuple[str, ...]
    rule_code: str | None
    subsidy_fen: int | None
    learner_pays_fen: int | None
    is_plain_yes: bool


@dataclass(frozen=True)
class Verdict:
    """The answer with its amounts (fen; None: not known), reasons, open conditions and sources.

    `group_code` is the group the claim would run under and `group_codes` every group that opens it: both are
    sensitive and never leave the learner and the bureau. On UNKNOWN, `rule_code` and `cap_fen` say what is
    possible, never what is due. `next_question` is the fact whose answer would bring most now.
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
        return self.is_plain_yes or self.answer in (Answer.NO, Answer.NOT_IN_FORCE)

    @property
    def is_free(self) -> bool:
        """Whether the learner pays nothing (perhaps under conditions)."""
        return self.answer is Answer.YES and self.learner_pays_fen == 0
