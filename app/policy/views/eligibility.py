"""「我能免费学什么？」: a few plain questions, no account, no ID number; answers travel by POST only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.clock import today
from app.policy import answers as kept
from app.policy import services
from app.policy.panel import panel, questions
from app.policy.verdict import Offer
from app.security import access

bp = Blueprint("eligibility", __name__)

# No course chosen yet: what any designated course of employment training would bring, listed trade or not.
_ANY_LISTED = Offer(
    trade_code="", trade_name="", listed=True, level=5, fee_fen=0, form="employment", designated=True
)
_ANY_OTHER = Offer(
    trade_code="", trade_name="", listed=False, level=5, fee_fen=0, form="employment", designated=True
)


def questions_for(form: str | None = None) -> list[dict[str, Any]]:
    """The questions for a template, with this visitor's answers marked."""
    return questions(services.rulebook(), kept.load(session), form)


@bp.get("/eligibility")
@access.anyone
def start() -> str:
    """Show the questions; `course` names the course the person came from."""
    return render_template("policy/eligibility.html", course_id=_course_id(request.args.get("course")))


@bp.post("/eligibility")
@access.anyone
def answer() -> Response:
    """Keep the answers in the encrypted session and go where they are used."""
    book = services.rulebook()
    given = {question.fact: request.form.get(question.fact, "") for question in book.questions}
    kept.save(session, book, {**kept.load(session), **{fact: code for fact, code in given.items() if code}})
    course_id = _course_id(request.form.get("course"))
    if course_id is not None:
        return redirect(url_for("catalog.course", course_id=course_id, _anchor="answer"), 303)
    return redirect(url_for("eligibility.result"), 303)


@bp.get("/eligibility/result")
@access.anyone
def result() -> str | Response:
    """What the answers given so far open, for trades on the list and for the others."""
    answers = kept.load(session)
    if not answers:
        return redirect(url_for("eligibility.start"), 303)
    book, on = services.rulebook(), today()
    facts = kept.facts(book, answers)
    panels = []
    for title, offer in ((_("急需紧缺工种"), _ANY_LISTED), (_("其他工种"), _ANY_OTHER)):
        verdict = services.verdict(facts=facts, offer=offer, on=on)
        shown = panel(verdict, offer, book, answers, fee_is_known=False)
        shown["change_url"] = url_for("eligibility.start")
        if verdict.answer == "unknown":
            shown["question"] = {
                "url": url_for("eligibility.start", _anchor=f"q-{verdict.next_question}"),
                "label": _("回答还差的问题"),
            }
        panels.append({"title": title, "answer": shown, "is_yes": verdict.answer == "yes"})
    return render_template("policy/eligibility_result.html", panels=panels)


@bp.post("/eligibility/clear")
@access.anyone
def clear() -> Response:
    """Forget the answers."""
    kept.clear(session)
    flash(_("你的回答已经清除。"), "success")
    return redirect(url_for("eligibility.start"), 303)


def _course_id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
