"""Courses as the policy sees them, many at once: what each card costs the person who asks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.catalog.models import CourseForm
from app.catalog.search.contract import NO_LEVEL, Shape
from app.policy.verdict import Answer, Offer, Verdict

Judge = Callable[[Offer], Verdict]

# Verdicts per shape do not need the fee: under a cap the learner pays 0 whatever it is.
_SOME_FEE_FEN = 100


class Pay(StrEnum):
    """What a card says about money, in one word."""

    FREE = "free"
    CONDITIONAL = "conditional"
    MAY = "may"
    PAY = "pay"
    UNKNOWN = "unknown"
    ELIGIBLE = "eligible"
    NO = "no"


_PAYERS = {Answer.NO: Pay.NO, Answer.ELIGIBLE: Pay.ELIGIBLE}


@dataclass(frozen=True, slots=True)
class Price:
    """What a course costs this person: fen, and for an open answer the fact that would settle it."""

    pay: Pay | None
    fen: int | None = None
    next_question: str | None = None


def judge_shapes(shapes: Iterable[Shape], *, judge: Judge, listed: Collection[str]) -> dict[Shape, Verdict]:
    """The verdict on every shape; shapes the rules cannot tell apart are judged once."""
    known: dict[tuple[bool, int, str, bool], Verdict] = {}
    verdicts: dict[Shape, Verdict] = {}
    for shape in shapes:
        is_listed = shape.trade_code in listed
        key = (is_listed, shape.level, shape.form, shape.is_subsidised)
        if key not in known:
            known[key] = judge(
                Offer(
                    trade_code=shape.trade_code,
                    trade_name="",
                    listed=is_listed,
                    level=None if shape.level == NO_LEVEL else shape.level,
                    fee_fen=_SOME_FEE_FEN,
                    form=shape.form,
                    designated=shape.is_subsidised,
                )
            )
        verdicts[shape] = known[key]
    return verdicts


def may_be_free(shape: Shape, verdict: Verdict) -> bool:
    """Whether 「对我免费」 keeps courses of this shape: free, free under conditions, or one answer away."""
    return not shape.has_fee or verdict.is_free or verdict.answer is Answer.UNKNOWN


def price_of(shape: Shape, *, fee_fen: int, verdict: Verdict | None) -> Price:
    """What a card says; without a verdict nobody has answered anything, and only what may be is said."""
    if not shape.has_fee:
        return Price(Pay.FREE, 0) if verdict else Price(None, 0)
    if verdict is None:
        is_open = shape.is_subsidised and shape.form == CourseForm.EMPLOYMENT
        return Price(Pay.MAY if is_open else None)
    if verdict.answer is Answer.UNKNOWN:
        return Price(Pay.UNKNOWN, fee_fen, verdict.next_question)
    if verdict.is_free:
        return Price(Pay.CONDITIONAL if verdict.conditions else Pay.FREE, 0)
    if verdict.answer is Answer.YES:
        return Price(Pay.PAY, fee_fen)
    return Price(_PAYERS.get(verdict.answer), fee_fen)
