"""How decisions are put into words: the one in force, those before it, and why each was made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from app import clock, i18n, money
from app.enroll import texts
from app.enroll.models import ACTIVE, EligibilityDecision, Enrollment
from app.enroll.rules import Why
from app.enroll.services.deciding import must_renew
from app.i18n import gettext as _
from app.policy import services as policy

TONES = {"yes": "done", "eligible": "wait", "unknown": "wait"}


def chain(decisions: Sequence[EligibilityDecision]) -> list[dict[str, Any]]:
    """Decisions as lines, the one in force first; for the learner and the bureau only."""
    return [_line(decision) for decision in decisions]


def _line(decision: EligibilityDecision) -> dict[str, Any]:
    why = json.loads(decision.grounds).get("why")
    rule = policy.rulebook().rule(decision.rule_code, decision.judged_on) if decision.rule_code else None
    return {
        "number": decision.id,
        "on": decision.judged_on,
        "until": decision.valid_until,
        "answer": texts.ANSWERS.get(decision.answer, decision.answer),
        "tone": TONES.get(decision.answer, ""),
        "amount": _("补贴 %(n)s 元", n=money.yuan(decision.subsidy_fen)) if decision.subsidy_fen else "",
        "rule": rule.name.in_(i18n.code()) if rule else "",
        "why": texts.WHY[Why(why) if why else None],
    }


def is_open(enrollment: Enrollment, starts_on: date | None) -> bool:
    """Whether the application's decision may still be made again by what the learner says."""
    return enrollment.state in ACTIVE and starts_on is not None and starts_on > clock.today()


def outlook(enrollment: Enrollment, decision: EligibilityDecision, starts_on: date | None) -> str:
    """Until when the decision in force counts, and what comes then."""
    if enrollment.state not in ACTIVE or starts_on is None:
        return ""
    if starts_on <= clock.today():
        return _("已经开班，以这个结论为准。")
    if decision.valid_until < starts_on:
        until = decision.valid_until.isoformat()
        return _(
            "这个结论到 %(until)s 为止，到期后自动重新核定；开班那天再按当天的目录和标准核定一次。", until=until
        )
    return _("开班那天会按当天的目录和标准再核定一次。")


def renewal(enrollment: Enrollment, decision: EligibilityDecision, starts_on: date | None) -> str:
    """That papers must be renewed and by when, if those verified will have run out when the class begins."""
    groups = json.loads(decision.grounds)["groups"]
    if starts_on is None or not must_renew(enrollment=enrollment, groups=groups, starts_on=starts_on):
        return ""
    return _(
        "核验过的材料到 %(day)s 开班时已经过期，要在开班前换新的。"
        "开班前结论不变；到那天还没有核过新的材料，就按待核验处理。",
        day=starts_on.isoformat(),
    )
