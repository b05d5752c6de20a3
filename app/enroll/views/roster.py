"""Who applied to a run, for the institution: verdict, rule and whether papers are verified; never a group."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from app import audit, clock, http, scope
from app.catalog.models import CourseRun, RunSeats
from app.catalog.rules import safe_cell
from app.enroll import services, texts
from app.enroll.blueprint import bp
from app.enroll.services import reading
from app.enroll.services.reading import PAGE, TABS
from app.enroll.views import showing
from app.enroll.views.forms import DecideForm
from app.enroll.views.mine import page_number
from app.errors import DomainError, message
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.security import access
from app.tenants.permissions import may

TAB_LABELS = {"roster": _l("报名"), "waitlist": _l("候补"), "ended": _l("已结束")}
COLUMNS = (
    _l("姓名"),
    _l("证件号码"),
    _l("电话"),
    _l("状态"),
    _l("候补位次"),
    _l("补贴结论"),
    _l("规则"),
    _l("学员付"),
    _l("材料"),
    _l("报名时间"),
)


def _run_or_404(run_id: int) -> tuple[CourseRun, RunSeats]:
    found = reading.own_run(run_id=run_id, tenant_id=scope.require().tenant_id or 0)
    if found is None:
        abort(404)
    return found


def _filters() -> dict[str, Any]:
    tab = request.args.get("tab", "roster")
    papers = request.args.get("papers")
    answer = request.args.get("answer")
    return {
        "tab": tab if tab in TABS else "roster",
        "papers": papers if papers in ("verified", "pending") else None,
        "answer": answer if answer in texts.TOLD else None,
    }


def _read(run_id: int, chosen: dict[str, Any], page: int | None) -> reading.RosterPage:
    return reading.roster(
        run_id=run_id,
        states=TABS[chosen["tab"]],
        papers=None if chosen["papers"] is None else chosen["papers"] == "verified",
        answer=chosen["answer"],
        page=page,
    )


def _render(run_id: int, form: DecideForm, status: int = 200) -> tuple[str, int]:
    run, seats = _run_or_404(run_id)
    chosen, page = _filters(), page_number()
    found = _read(run_id, chosen, page)
    rows = [
        {
            "id": enrollment.id,
            "label": enrollment.learner_name,
            "enrollment": enrollment,
            "place": place,
            "state": texts.STATES[enrollment.state],
            "tone": showing.tone(enrollment.state),
            "answer": texts.TOLD.get(enrollment.answer, ""),
            "papers": texts.PAPERS[enrollment.papers],
            "is_verified": enrollment.papers == "verified",
            "pays": showing.pays_text(enrollment),
            "reasons": showing.reason_words(enrollment.reason_codes, enrollment.note),
        }
        for enrollment, place in found.rows
    ]
    args = {key: value for key, value in chosen.items() if value}
    pages = max(1, -(-found.total // PAGE))
    return render_template(
        "enroll/roster.html",
        run=run,
        seats=seats,
        title=reading.title_of(course_id=run.course_id),
        rows=rows,
        found=found,
        chosen=chosen,
        form=form,
        args=args,
        tabs=TAB_LABELS,
        answers=texts.TOLD,
        can_decide=may(scope.require(), "enroll:enrollment:decide"),
        page=page,
        pages=pages,
        urls={n: url_for("enroll.roster", run_id=run_id, page=n, **args) for n in range(1, pages + 1)},
    ), status


@bp.get("/desk/runs/<int:run_id>/roster")
@access.member("institution", permission="enroll:roster:see")
def roster(run_id: int) -> Any:
    """Who applied to a run of ours."""
    return _render(run_id, DecideForm())


@bp.post("/desk/runs/<int:run_id>/decisions")
@access.member("institution", permission="enroll:enrollment:decide")
def decide(run_id: int) -> Any:
    """Admit or refuse the chosen applicants."""
    _run_or_404(run_id)
    chosen = [
        int(value) for value in request.form.getlist("enrollment_id") if value.isdecimal() and len(value) < 19
    ]
    form = DecideForm()
    admits = request.form.get("action") == "admit"
    if not admits and not form.validate_on_submit():
        return _render(run_id, form, 422)
    try:
        if admits:
            n = services.admit(run_id=run_id, enrollment_ids=chosen)
            flash(ngettext("已录取 %(num)s 人。", "已录取 %(num)s 人。", n), "success")
        else:
            reasons = [form.reason_codes.data] if form.reason_codes.data else []
            n = services.refuse(run_id=run_id, enrollment_ids=chosen, reason_codes=reasons, note=form.note.data)
            flash(ngettext("未录取 %(num)s 人，已告知本人。", "未录取 %(num)s 人，已告知本人。", n), "success")
    except DomainError as error:
        if error.field:
            return _render(run_id, form, form.refuse(error))
        http.roll_back()
        flash(message(error), "warning")
    back = {key: value for key, value in _filters().items() if value}
    return redirect(url_for("enroll.roster", run_id=run_id, **back), 303)


@bp.get("/desk/runs/<int:run_id>/roster.<any(csv, xlsx):kind>")
@access.member("institution", permission="enroll:roster:see")
def export(run_id: int, kind: str) -> Response:
    """The roster as a file; cells that a program would take for a formula are made plain text."""
    run, _seats = _run_or_404(run_id)
    found = _read(run_id, _filters(), None)
    rows = [[safe_cell(cell) for cell in _cells(enrollment, place)] for enrollment, place in found.rows]
    audit.record("roster.exported", subject=("run", run_id), region_id=run.region_id, data={"rows": len(rows)})
    head = [str(column) for column in COLUMNS]
    content = _as_csv(head, rows) if kind == "csv" else _as_xlsx(head, rows)
    types = {
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    name = f"roster-{run_id}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, content_type=types[kind], headers=headers)


def _cells(enrollment: Any, place: int | None) -> list[str]:
    return [
        enrollment.learner_name,
        enrollment.id_number_masked,
        enrollment.phone,
        str(texts.STATES[enrollment.state]),
        str(place or ""),
        str(texts.TOLD.get(enrollment.answer, "")),
        enrollment.rule_code or "",
        showing.pays_text(enrollment),
        str(texts.PAPERS[enrollment.papers]),
        f"{clock.local(enrollment.created_at):%Y-%m-%d %H:%M}",
    ]


def _as_csv(head: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return ("\ufeff" + out.getvalue()).encode()


def _as_xlsx(head: list[str], rows: list[list[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("名册"))
    for row in [head, *rows]:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
