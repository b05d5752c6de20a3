"""What a course's page says: the answer for this person, the classes, the path to the certificate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import url_for

from app import clock
from app.catalog import texts
from app.catalog.models import CourseForm, CourseMode
from app.catalog.services import browsing
from app.catalog.services.browsing import PublicCourse, PublicRun
from app.i18n import code as locale_code
from app.i18n import day, pick
from app.i18n import gettext as _
from app.policy import answers as answered
from app.policy import services as policy
from app.policy.panel import panel
from app.policy.rulebook import RuleBook
from app.policy.verdict import Answer, Offer, Verdict

RUNS_SHOWN = 12


def context(found: PublicCourse, answers: Mapping[str, str], *, on: date) -> dict[str, Any]:
    """Everything the template shows."""
    course, revision, trade = found.course, found.revision, found.trade
    book = policy.rulebook()
    offer = policy.offer_for(
        trade=trade,
        level=revision.level,
        fee_fen=revision.fee_fen,
        form=revision.form,
        tenant_id=course.tenant_id,
        is_subsidised=revision.is_subsidised,
        on=on,
    )
    runs = browsing.public_runs(course.id)
    regions = browsing.places()
    verdict = policy.verdict(facts=answered.facts(book, answers), offer=offer, on=on) if answers else None
    shortage_list = policy.list_in_force(on) if offer.listed else None
    joinable = next((run for run in runs if not run.is_full), None)
    region = regions.get(course.region_id)
    return {
        "course": course,
        "revision": revision,
        "trade": trade,
        "trade_name": pick(trade.label, trade.name_en),
        "category": pick(trade.category, trade.category_en),
        "region_name": pick(region.name, region.name_en) if region else "",
        "offer": offer,
        "list_note": _list_note(offer, shortage_list.is_sample if shortage_list else True),
        "level": texts.LEVELS.get(revision.level or 0),
        "mode": texts.MODES[revision.mode],
        "form": revision.form.value,
        "form_label": texts.FORMS[revision.form],
        "certificate": texts.CERTIFICATES.get(revision.certificate),
        "hours": revision.theory_hours + revision.practice_hours,
        "answer": _panel(verdict, offer, book, answers, course.id, joinable or (runs[0] if runs else None))
        if verdict
        else None,
        "course_id": course.id,
        "runs": [_run(run, regions) for run in runs[:RUNS_SHOWN]],
        "more_runs": max(len(runs) - RUNS_SHOWN, 0),
        "stations": _stations(found, runs),
        "may_be_free": offer.designated and revision.form is CourseForm.EMPLOYMENT,
    }


def _list_note(offer: Offer, is_sample: bool) -> str | None:
    if not offer.listed:
        return None
    if is_sample:
        return _("目录第 %(n)s 项（示例，非官方目录）", n=offer.list_entry)
    return _("目录第 %(n)s 项", n=offer.list_entry)


def _run(found: PublicRun, regions: Mapping[int, Any]) -> dict[str, Any]:
    run, seats = found.run, found.seats
    region = regions.get(run.region_id)
    name = pick(region.name, region.name_en) if region else ""
    starts_in_region = bool(region) and (run.place.startswith(("石家庄", region.name)) if region else False)
    return {
        "id": run.id,
        "dates": _("%(start)s – %(end)s", start=day(run.starts_on, "short"), end=day(run.ends_on, "short"))
        if run.ends_on != run.starts_on
        else day(run.starts_on),
        "starts": day(run.starts_on, "short"),
        "schedule": texts.schedule(run.schedule),
        "place": run.place,
        "region": "" if starts_in_region else name,
        "taken": seats.taken,
        "total": seats.capacity,
        "waiting": seats.waiting,
        "is_full": found.is_full,
        "sessions": [
            {
                "day": day(session.starts_at),
                "time": f"{clock.local(session.starts_at):%H:%M}–{clock.local(session.ends_at):%H:%M}",
                "kind": texts.SESSION_KINDS[session.kind],
                "topic": session.topic,
            }
            for session in found.sessions
        ],
        "url": url_for("enroll.apply", run_id=run.id),
    }


def _stations(found: PublicCourse, runs: list[PublicRun]) -> list[dict[str, Any]]:
    """The path of everyone who takes this course, seen before the first step."""
    revision = found.revision
    starts = _("%(day)s起", day=day(runs[0].run.starts_on, "short")) if runs else _("班期排定后通知你")
    place = "" if revision.mode is CourseMode.ONLINE else revision.place
    steps = [
        (_("报名"), _("手机上几分钟，身份证号在报名时填")),
        (_("交材料"), _("需要核验的，由区县人社局核一次，以后报名都有效")),
        (_("上课"), _("%(starts)s，%(place)s", starts=starts, place=place) if place else starts),
        (_("考核"), _("由评价机构考，和培训机构无关")),
        (_("拿到证书"), str(texts.CERTIFICATES.get(revision.certificate, ""))),
    ]
    return [
        {"label": label, "note": note, "state": "now" if at == 0 else "ahead"}
        for at, (label, note) in enumerate(steps)
    ]


# --- The answer --------------------------------------------------------------------------------------------


def _panel(
    verdict: Verdict,
    offer: Offer,
    book: RuleBook,
    answers: Mapping[str, str],
    course_id: int,
    run: PublicRun | None,
) -> dict[str, Any]:
    """The verdict as the answer component takes it, with the one thing to do next."""
    shown = panel(verdict, offer, book, answers)
    if offer.fee_fen == 0 and verdict.answer is not Answer.YES:
        shown |= {"verdict": "free", "sums": _("这门课本来就不收学费。"), "conditions": [], "near_miss": []}
    shown["review_url"] = url_for("enroll.request_review", course_id=course_id)
    shown["change_url"] = url_for("eligibility.answers", course=course_id)
    if shown["verdict"] == "unknown":
        question = book.question(verdict.next_question) if verdict.next_question else None
        shown["question"] = {
            "label": question.label.in_(locale_code()) if question else _("补一个回答"),
            "url": url_for("eligibility.answers", course=course_id, _anchor=f"q-{verdict.next_question}"),
        }
    elif run is not None:
        shown["action"] = {
            "label": _action(run, shown["verdict"]),
            "url": url_for("enroll.apply", run_id=run.run.id),
        }
    return shown


def _action(run: PublicRun, word: str) -> str:
    start = day(run.run.starts_on, "short")
    if run.is_full:
        return _("排 %(day)s班的候补", day=start)
    if word in ("no", "eligible"):
        return _("自费报名 %(day)s班", day=start)
    return _("报名 %(day)s班", day=start)
