"""「我能免费学什么？」: plain questions one by one, no account, no ID number; answers travel by POST only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.clock import today
from app.i18n import code as locale_code
from app.i18n import gettext as _
from app.policy import answers as kept
from app.policy import conversation, services, summary
from app.policy.conversation import MOST_QUESTIONS
from app.policy.panel import questions
from app.policy.rulebook import Question, RuleBook
from app.security import access

bp = Blueprint("eligibility", __name__)


def questions_for(form: str | None = None, course_id: int | None = None) -> list[dict[str, Any]]:
    """The questions for a template, with this visitor's answers marked: of a course, or of all training."""
    answers = kept.load(session, course_id)
    return questions(services.rulebook(), answers, form=form, is_of_course=course_id is not None)


@bp.get("/eligibility")
@access.anyone
def start() -> Response:
    """Go to the question that is next, or to the result if none is."""
    return _go_on()


@bp.get("/eligibility/questions/<int:number>")
@access.anyone
def question(number: int) -> str | Response:
    """One question of the conversation, and the answer as it stands."""
    book = services.rulebook()
    found = _question(book, number)
    if found is None:
        return _go_on()
    answers, asked = kept.load(session), kept.asked(session)
    facts = kept.facts(book, answers)
    locale = locale_code()
    return render_template(
        "policy/question.html",
        number=number,
        most=MOST_QUESTIONS,
        fact=found.fact,
        label=found.label.in_(locale),
        options=[
            {
                "code": option.code,
                "label": option.label.in_(locale),
                "is_given": answers.get(found.fact) == option.code,
            }
            for option in found.options
        ],
        is_begun=bool(asked or answers),
        so_far=summary.so_far(conversation.findings(book, facts, today())) if asked or answers else [],
    )


@bp.post("/eligibility/questions/<int:number>")
@access.anyone
def answer(number: int) -> Response:
    """Keep one answer, or that the question was skipped, and go on."""
    book = services.rulebook()
    found = _question(book, number)
    if found is not None and found.fact == request.form.get("fact"):
        code = request.form.get("answer", "")
        if found.option(code) is not None:
            kept.save(session, book, {found.fact: code})
            kept.keep_asked(session, found.fact)
        elif "skip" in request.form:
            kept.skip(session, book, found.fact)
            kept.keep_asked(session, found.fact)
    return _go_on()


@bp.get("/eligibility/answers")
@access.anyone
def answers() -> str:
    """Every question on one page, to change what was answered; `course` names the course the person came from."""
    return render_template("policy/answers.html", course_id=_course_id(request.args.get("course")))


@bp.post("/eligibility/answers")
@access.anyone
def save_answers() -> Response:
    """Keep the answers in the encrypted session and go where they are used."""
    book, course_id = services.rulebook(), _course_id(request.form.get("course"))
    given = {question.fact: request.form.get(question.fact, "") for question in book.questions}
    kept.save(session, book, given, course_id)
    if course_id is not None:
        return redirect(url_for("catalog.course", course_id=course_id, _anchor="answer"), 303)
    return redirect(url_for("eligibility.result"), 303)


@bp.get("/eligibility/result")
@access.anyone
def result() -> str | Response:
    """What the answers given so far open: every form of training, the rules that pay, the courses there are."""
    given = kept.load(session)
    if not given and not kept.asked(session):
        return _go_on()
    book, on = services.rulebook(), today()
    facts = kept.facts(book, given)
    found = conversation.findings(book, facts, on, near_misses=True)
    return render_template(
        "policy/result.html",
        on=on,
        findings=[summary.told(each, book) for each in found],
        is_complete=_next(book) is None,
        is_age_known=not conversation.WORKING_AGE.keys().isdisjoint(facts),
    )


@bp.post("/eligibility/clear")
@access.anyone
def clear() -> Response:
    """Forget the answers and start again."""
    kept.clear(session)
    flash(_("你的回答已经清除。"), "success")
    return redirect(url_for("eligibility.start"), 303)


def _go_on() -> Response:
    if _next(services.rulebook()) is None:
        return redirect(url_for("eligibility.result"), 303)
    return redirect(url_for("eligibility.question", number=len(kept.asked(session)) + 1), 303)


def _next(book: RuleBook) -> Question | None:
    given = kept.load(session)
    return conversation.next_question(book, kept.facts(book, given), {*kept.asked(session), *given}, today())


def _question(book: RuleBook, number: int) -> Question | None:
    """The question with this number: one asked before, or the next; None for any other."""
    asked = kept.asked(session)
    if number == len(asked) + 1:
        return _next(book)
    found = book.question(asked[number - 1]) if 0 < number <= len(asked) else None
    return conversation.put(found) if found is not None else None


def _course_id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
