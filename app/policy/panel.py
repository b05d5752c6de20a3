"""A verdict as the answer panel shows it: words, sums, papers and clauses for `components/answer.html`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.i18n import code as locale_code
from app.i18n import gettext as _
from app.money import yuan
from app.policy.conversation import of_all, of_course
from app.policy.rulebook import RuleBook
from app.policy.texts import condition_text, near_miss_text, reason_text
from app.policy.verdict import Answer, Citation, Offer, Outcome, Verdict

_OK = {Outcome.HELD: True, Outcome.FAILED: False, Outcome.UNKNOWN: None}


def panel(
    verdict: Verdict, offer: Offer, book: RuleBook, answers: Mapping[str, str], *, fee_is_known: bool = True
) -> dict[str, Any]:
    """The panel's content in the current locale; links and buttons are the page's to add.

    `answers` are the person's own option codes; `fee_is_known=False` speaks of the cap only (no course chosen).
    """
    locale = locale_code()
    return {
        "verdict": _word(verdict),
        "asked_as": _asked_as(book, answers, locale),
        "pays": yuan(verdict.learner_pays_fen if verdict.learner_pays_fen is not None else offer.fee_fen),
        "sums": _sums(verdict, offer, fee_is_known=fee_is_known),
        "conditions": [condition_text(each, locale) for each in verdict.conditions]
        if verdict.answer in (Answer.YES, Answer.ELIGIBLE)
        else [],
        "reasons": [{"text": reason_text(each, locale), "ok": _OK[each.outcome]} for each in verdict.reasons],
        "papers": [_(" 或 ").join(paper.name.in_(locale) for paper in need.options) for need in verdict.proofs],
        "near_miss": [_near_miss(each, locale) for each in verdict.near_misses],
        "clauses": [{"cite": _cite(cite, book), "text": cite.quote, "url": None} for cite in verdict.citations],
        "list_note": _("按今天的目录；以开班备案日为准") if verdict.cap_fen is not None else None,
    }


def _cite(cite: Citation, book: RuleBook) -> str:
    """Where the words stand: in the opinions everybody knows, or in the document that set an amount since."""
    if cite.document in [document.code for document in book.documents]:
        return _("《实施意见》%(clause)s", clause=cite.clause)
    return f"{cite.document} {cite.clause}"


def _word(verdict: Verdict) -> str:
    if verdict.answer is Answer.YES:
        return "free" if verdict.learner_pays_fen == 0 else "pay"
    if verdict.answer is Answer.ELIGIBLE:
        return "eligible"
    return "unknown" if verdict.answer is Answer.UNKNOWN else "no"


def _asked_as(book: RuleBook, answers: Mapping[str, str], locale: str) -> str | None:
    question = book.question("situations")
    option = question.option(answers.get("situations", "")) if question else None
    return option.label.in_(locale) if option is not None and option.value is not None else None


def _sums(verdict: Verdict, offer: Offer, *, fee_is_known: bool) -> str | None:
    cap, subsidy = verdict.cap_fen, verdict.subsidy_fen
    if verdict.answer is Answer.NO or verdict.answer is Answer.NOT_IN_FORCE:
        return _("不能用这项补贴，学费 %(fee)s 元自付。", fee=yuan(offer.fee_fen)) if fee_is_known else None
    if verdict.answer is Answer.ELIGIBLE:
        if not fee_is_known:
            return _("政策没有写补贴多少，所以不能说免费。")
        fee = yuan(offer.fee_fen)
        return _("政策没有写补贴多少，学费 %(fee)s 元先自付；机构另有安排的，以机构为准。", fee=fee)
    if verdict.answer is Answer.UNKNOWN:
        return (
            _("如果符合，补贴最高 %(cap)s 元，你付 0 元。", cap=yuan(cap))
            if cap and offer.form == "employment"
            else None
        )
    if verdict.payee == "worker" and subsidy is not None:
        return _(
            "学费 %(fee)s 元先由你交；取得证书后，补贴 %(subsidy)s 元发给你本人。",
            fee=yuan(offer.fee_fen),
            subsidy=yuan(subsidy),
        )
    if subsidy is None or cap is None:
        return None
    if not fee_is_known:
        return _("补贴最高 %(cap)s 元，你付 0 元。", cap=yuan(cap))
    return _(
        "学费 %(fee)s 元，补贴 %(subsidy)s 元（上限 %(cap)s 元），你付 0 元。",
        fee=yuan(offer.fee_fen),
        subsidy=yuan(subsidy),
        cap=yuan(cap),
    )


def _near_miss(miss: Any, locale: str) -> str:
    text = near_miss_text(miss, locale)
    if miss.subsidy_fen:
        return _("%(text)s（补贴最高 %(n)s 元）", text=text, n=yuan(miss.subsidy_fen))
    return text


def questions(
    book: RuleBook, answers: Mapping[str, str], *, form: str | None = None, is_of_course: bool = False
) -> list[dict[str, Any]]:
    """The plain questions with their options and what was chosen, in the current locale; none is compulsory."""
    locale = locale_code()
    asked = book.questions_for(form) if form else book.questions
    return [
        {
            "fact": question.fact,
            "label": question.label.in_(locale),
            "options": [
                {
                    "code": option.code,
                    "label": option.label.in_(locale),
                    "checked": answers.get(question.fact) == option.code,
                }
                for option in question.options
            ],
        }
        for question in map(of_course if is_of_course else of_all, asked)
    ]
