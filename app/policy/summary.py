"""What the conversation found, in words: what every form of training would bring, and on what it depends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from app.i18n import code as locale_code
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.money import yuan
from app.policy.conversation import Finding
from app.policy.forms import LEVELS
from app.policy.rulebook import RuleBook
from app.policy.texts import condition_text, near_miss_text, reason_text
from app.policy.verdict import Answer, Outcome, Verdict

FORMS = {
    "employment": _l("就业技能培训"),
    "upgrade": _l("岗位技能提升培训"),
    "founder": _l("创业创新培训"),
}
WHAT = {
    "employment": _l("找工作、换工作前学一门手艺"),
    "upgrade": _l("在岗职工考更高的技能等级"),
    "founder": _l("学怎么创业、办自己的店或厂"),
}
# By whether the trade is on the shortage list; None where the rule does not ask.
_FREE = {
    True: _l("急需紧缺工种：补贴最高 %(n)s 元，你付 0 元"),
    False: _l("其他工种：补贴最高 %(n)s 元，你付 0 元"),
    None: _l("补贴 %(n)s 元，你付 0 元"),
}
_IF_FREE = {
    True: _l("如果符合，急需紧缺工种补贴最高 %(n)s 元，你付 0 元"),
    False: _l("如果符合，其他工种补贴最高 %(n)s 元，你付 0 元"),
    None: _l("如果符合，补贴 %(n)s 元，你付 0 元"),
}
_LEVELS = dict(LEVELS)


def so_far(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The running answer, one line for each form of training, with everything a yes still depends on."""
    return [
        {"title": FORMS[each.form], "word": _word(each.best), "open": _open(each.best), "tone": _tone(each.best)}
        for each in findings
    ]


def told(finding: Finding, book: RuleBook) -> dict[str, Any]:
    """One form of training in full: for the page of the result.

    `is_own` marks what lets a reader guess the person's situation and therefore stays off paper.
    """
    best, locale = finding.best, locale_code()
    of_rules = {(rule.clause, rule.quote) for rule in book.rules}
    return {
        "form": finding.form,
        "title": FORMS[finding.form],
        "what": WHAT[finding.form],
        "tone": _tone(best),
        "word": _word(best),
        "amounts": list(dict.fromkeys(_amounts(finding))),
        "open": _open(best),
        "reasons": [{"text": reason_text(each, locale), "outcome": each.outcome.value} for each in best.reasons],
        "papers": [_(" 或 ").join(paper.name.in_(locale) for paper in need.options) for need in best.proofs],
        "near_misses": [
            near_miss_text(miss, locale)
            for miss in best.near_misses
            if all(step.fact != "offer.form" for step in miss.steps)  # the other forms stand beside it
        ],
        "clauses": [
            {
                "cite": _("《实施意见》%(clause)s", clause=cite.clause),
                "text": cite.quote,
                "is_own": (cite.clause, cite.quote) not in of_rules,
            }
            for cite in best.citations
        ],
        "rules": _rules(finding, book),
    }


def _tone(verdict: Verdict) -> str:
    if verdict.answer is Answer.YES:
        return "free" if verdict.payee == "institution" else "pay"
    return {Answer.ELIGIBLE: "eligible", Answer.UNKNOWN: "unknown"}.get(verdict.answer, "no")


def _word(verdict: Verdict) -> str:
    if verdict.answer is Answer.YES:
        if verdict.payee == "worker":
            return _("拿证后有补贴，前提是…") if verdict.conditions else _("拿证后有补贴")
        if verdict.payee == "enterprise":
            return _("补贴发给企业，前提是…") if verdict.conditions else _("补贴发给企业")
        return _("可以免费，前提是…") if verdict.conditions else _("免费")
    if verdict.answer is Answer.ELIGIBLE:
        return _("符合条件，金额未定，前提是…") if verdict.conditions else _("符合条件，金额未定")
    if verdict.answer is Answer.UNKNOWN:
        is_in_group = verdict.group_code is not None and verdict.payee == "institution" and verdict.cap_fen
        return _("可能免费，还要看…") if is_in_group else _("还不能确定")
    return _("不符合") if verdict.answer is Answer.NO else _("现在没有生效的规定")


def _open(verdict: Verdict) -> list[str]:
    """What is not known: the conditions of a yes, or all that is open before there is an answer; a no has none."""
    locale = locale_code()
    if verdict.answer is Answer.UNKNOWN:
        return [reason_text(each, locale) for each in verdict.reasons if each.outcome is Outcome.UNKNOWN]
    return [condition_text(each, locale) for each in verdict.conditions]


def _amounts(finding: Finding) -> Iterator[str]:
    """A line for each amount; a certificate's two amounts, by the list, stand in one."""
    sums = {
        (offer.level, offer.listed): yuan(verdict.cap_fen)
        for offer, verdict in finding.told
        if verdict.answer is finding.best.answer and verdict.cap_fen is not None
    }
    free = _IF_FREE if finding.best.answer is Answer.UNKNOWN else _FREE
    for (level, is_listed), sum_ in sums.items():
        if finding.best.payee == "institution":
            yield free[is_listed] % {"n": sum_}
        elif finding.best.payee == "enterprise":
            yield _("%(level)s：每完成一个培养年度，补贴企业 %(n)s 元", level=_level(level), n=sum_)
        elif is_listed:
            other = sums.get((level, False), sum_)
            yield _("%(level)s：%(n)s 元，急需紧缺工种 %(more)s 元", level=_level(level), n=other, more=sum_)
    if finding.best.payee == "worker" and sums:
        yield _("学费先由你交，发证以后补贴发给你本人")


def _level(number: int | None) -> str:
    return str(_LEVELS.get(str(number), ""))


def _rules(finding: Finding, book: RuleBook) -> list[dict[str, str]]:
    """The rules that pay or may pay, for whoever wants to read or pass them on."""
    codes = dict.fromkeys(
        verdict.rule_code for _offer, verdict in finding.told if verdict.answer is finding.best.answer
    )
    names = {rule.code: rule.name.in_(locale_code()) for rule in book.rules}
    return [{"code": code, "name": names[code]} for code in codes if code in names]
