"""How applications, verdicts and groups are put into words for a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import url_for

from app import clock, i18n, money
from app.catalog import texts as catalog_texts
from app.catalog.models import CourseRun
from app.enroll import texts
from app.enroll.models import ACTIVE, Enrollment, EnrollmentState, PapersState, ProofFile, ProofState
from app.enroll.rules import Claim
from app.enroll.services import certified, papers, reading
from app.enroll.services.judging import Judgement
from app.i18n import gettext as _
from app.policy import services as policy
from app.policy.panel import panel
from app.uploads import UploadKind

State = EnrollmentState
ORDER = ("done", "now", "ahead")
OTHER = "other"


def group_name(code: str, on: date) -> str:
    """A group's name: for the learner and the bureau only."""
    group = policy.rulebook().group(code, on)
    return group.name.in_(i18n.code()) if group else code


def group_names(codes: Iterable[str], on: date) -> str:
    """Several groups in one line; nothing said is said so."""
    names = [group_name(code, on) for code in codes]
    return _("、").join(names) if names else _("本人没有说明，请核实")


def course_title(course_id: int | None) -> str:
    """The title of the course a person asked about, or its number if it is gone; they may have named none."""
    if course_id is None:
        return _("没有指定课程")
    return reading.title_of(course_id=course_id) or _("课程 %(n)s", n=course_id)


def papers_needed(codes: Iterable[str], on: date) -> list[tuple[str, list[str]]]:
    """For each group, the papers any one of which proves it."""
    book, locale = policy.rulebook(), i18n.code()
    return [
        (group_name(code, on), [book.paper(paper).name.in_(locale) for paper in papers.papers_of(code, on=on)])
        for code in codes
    ]


def proof_tone(state: ProofState) -> str:
    """The colour of a proof's tag."""
    return {ProofState.VERIFIED: "done", ProofState.PENDING: "wait"}.get(state, "stop")


def file_line(file: ProofFile, number: int) -> dict[str, Any]:
    """A file of a proof in a list: a photo or a PDF, by its number, with its size."""
    is_photo = file.kind is UploadKind.PHOTO
    return {
        "id": file.id,
        "is_photo": is_photo,
        "label": _("照片 %(n)s", n=number) if is_photo else _("PDF %(n)s", n=number),
        "size": _("%(n)s KB", n=max(1, round(file.size / 1024))),
        "at": file.created_at,
    }


def certified_lines(claims: Iterable[Claim], answers: Mapping[str, object], on: date) -> list[dict[str, Any]]:
    """What state registers say of a learner, in words, and whether the learner said something else."""
    found = [claim for claim in claims if claim.register is not None and claim.is_valid(on)]
    differing = certified.differing(answers=answers, claims=found)
    return [
        {
            "register": texts.REGISTERS[claim.register],
            "says": _certified_words(claim, on),
            "until": claim.valid_until,
            "differs": claim.register in differing,
        }
        for claim in found
        if claim.register is not None and (claim.groups or claim.facts)
    ]


def _certified_words(claim: Claim, on: date) -> str:
    facts = dict(claim.facts)
    if "insured_months" in facts:
        return _("累计缴费 %(n)s 个月", n=facts["insured_months"])
    if "graduates_on" in facts:
        return _("毕业日期 %(day)s", day=facts["graduates_on"])
    return group_names(sorted(claim.groups), on)


def answer_card(judged: Judgement, answers: Mapping[str, str], *, fee_fen: int, course_id: int) -> dict[str, Any]:
    """The verdict as `components/answer.html` draws it."""
    if judged.verdict is None or judged.offer is None:
        sums = _("这门课不在补贴范围内，学费 %(fee)s 元自付。", fee=money.yuan(fee_fen))
        return {"verdict": "pay", "pays": money.yuan(fee_fen), "sums": sums}
    card = panel(judged.verdict, judged.offer, policy.rulebook(), answers)
    card["change_url"] = url_for("eligibility.answers", course=course_id)
    card["review_url"] = url_for("enroll.request_review", course_id=course_id)
    return card


def pays_text(enrollment: Enrollment) -> str:
    """What the learner pays, as far as it is known."""
    if enrollment.learner_pays_fen is None:
        return _("待材料核验后确定")
    return _("%(n)s 元", n=money.yuan(enrollment.learner_pays_fen))


def stations(enrollment: Enrollment, run: CourseRun | None, place: int | None) -> list[dict[str, Any]]:
    """An application as a path: what is done, whose turn it is now and by when, what is ahead."""
    state = enrollment.state
    path = [{"label": _("提交报名"), "state": "done", "note": i18n.moment(enrollment.created_at)}]
    if state in (State.WAITING, State.OFFERED, State.EXPIRED):
        path.append(_waitlist_station(enrollment, place))
    papers = [] if enrollment.papers is PapersState.NOT_NEEDED else [_papers_station(enrollment)]
    if state is not State.ADMITTED:
        path += papers
    if state in (State.WITHDRAWN, State.CANCELLED):
        path.append({"label": str(texts.STATES[state]), "state": "stopped", "note": _reason_note(enrollment, run)})
        return path
    if state is State.EXPIRED:
        return path
    path.append(_admission_station(enrollment, waits_for_papers=any(p["state"] == "now" for p in papers)))
    if state is State.REFUSED:
        return path
    if state is State.ADMITTED:
        path += papers
    if run is not None:
        path += _class_stations(enrollment, run, waits_for_papers=any(p["state"] == "now" for p in papers))
    # What was done early stands before what is now: papers verified while waiting, a class begun without them.
    return sorted(path, key=lambda station: ORDER.index(station["state"]))


def _waitlist_station(enrollment: Enrollment, place: int | None) -> dict[str, Any]:
    if enrollment.state is State.WAITING:
        note = _("有人退出时按先后顺序递补，轮到你会通知你。")
        return {"label": _("候补第 %(n)s 位", n=place or 1), "state": "now", "who": _("前面的人"), "note": note}
    if enrollment.state is State.OFFERED:
        return {
            "label": _("确认递补名额"),
            "state": "now",
            "who": _("你"),
            "by": i18n.moment(enrollment.offer_expires_at),
            "note": _("过时让给下一位。"),
        }
    return {"label": _("递补名额已过期"), "state": "stopped", "note": _("没有在时限内确认，名额已让给下一位。")}


def _papers_station(enrollment: Enrollment) -> dict[str, Any]:
    if enrollment.papers is PapersState.VERIFIED:
        return {"label": _("人社局核验材料"), "state": "done", "note": _("已核验，以后报名不用再交。")}
    if enrollment.state in (State.WAITING, State.OFFERED):
        return {"label": _("人社局核验材料"), "state": "ahead", "note": _("不用等名额，可以先去核验。")}
    if enrollment.state not in (State.APPLIED, State.ADMITTED):
        return {"label": _("人社局核验材料"), "state": "ahead"}
    if enrollment.papers is PapersState.RETURNED:
        note = _("材料被退回，见下面的原因，补正后重新提交。")
        return {"label": _("补正材料"), "state": "now", "who": _("你"), "note": note}
    note = _("在「我的材料」里拍照上传，或者带材料到常住县（市、区）人社局窗口。核验一次，以后报名都有效。")
    return {"label": _("人社局核验材料"), "state": "now", "who": _("你和人社局"), "note": note}


def _admission_station(enrollment: Enrollment, *, waits_for_papers: bool) -> dict[str, Any]:
    state = enrollment.state
    if state is State.ADMITTED:
        return {"label": _("培训机构录取"), "state": "done", "note": i18n.moment(enrollment.decided_at)}
    if state is State.REFUSED:
        return {"label": _("未录取"), "state": "stopped", "note": _reason_note(enrollment, None)}
    if state is State.APPLIED:
        note = _("名额已为你保留。")
        if waits_for_papers:
            return {"label": _("培训机构录取"), "state": "ahead", "note": note}
        return {"label": _("培训机构录取"), "state": "now", "who": _("培训机构"), "note": note}
    return {"label": _("培训机构录取"), "state": "ahead"}


def _class_stations(enrollment: Enrollment, run: CourseRun, *, waits_for_papers: bool) -> list[dict[str, Any]]:
    today = clock.today()
    admitted = enrollment.state is State.ADMITTED
    begun, over = run.starts_on <= today, run.ends_on < today
    opening = {
        "label": _("开课：%(day)s", day=i18n.day(run.starts_on)),
        "state": "done" if admitted and begun else "now" if admitted and not waits_for_papers else "ahead",
        "note": run.place,
    }
    if opening["state"] == "now":
        opening["who"] = _("你，按时到课")
    ending = {
        "label": _("学习、考核，拿到证书"),
        "state": "now" if admitted and begun and not waits_for_papers else "ahead",
        "note": _("已结课，等待考核结果") if over and admitted else i18n.day(run.ends_on),
    }
    return [opening, ending]


def _reason_note(enrollment: Enrollment, run: CourseRun | None) -> str:
    note = enrollment.note or (
        run.reason_note if run is not None and enrollment.state is State.CANCELLED else None
    )
    return reason_words(enrollment.reason_codes, note)


def change_note(enrollment: Enrollment, run: CourseRun | None) -> str:
    """Why the class was last changed, for those who are in it or wait for it."""
    if run is None or run.reason_code is None or enrollment.state not in ACTIVE:
        return ""
    return reason_words([run.reason_code], run.reason_note)


def reason_words(codes: Iterable[str], note: str | None) -> str:
    """An institution's reasons and its own words, which stand alone for 「其他」."""
    labels = {**texts.REFUSALS, **catalog_texts.RUN_REASONS}
    said = [str(labels[code]) for code in codes if code in labels and not (note and code == OTHER)]
    return _("；").join([*said, *([note] if note else [])])


def tone(state: EnrollmentState) -> str:
    """The colour of a state's tag."""
    if state is State.ADMITTED:
        return "done"
    if state in (State.OFFERED, State.WAITING, State.APPLIED):
        return "wait"
    return "stop" if state in (State.REFUSED, State.CANCELLED) else ""
