"""The institution's runs at its desk: plan, open, change, cancel."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for

from app import clock, errors, http, scope
from app.catalog import rules
from app.catalog.blueprint import bp
from app.catalog.forms import CancelRunForm, RunForm
from app.catalog.models import CourseRun, RunState
from app.catalog.services import courses, runs
from app.catalog.views.desk import Page, page_number, render
from app.errors import DomainError
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.security import access
from app.tenants.desk import register_item
from app.tenants.permissions import may

register_item(
    kind="institution",
    label=_l("班期"),
    endpoint="catalog.runs",
    permission="catalog:course:see",
    order=21,
    count=lambda: runs.count_runs(state=RunState.OPEN, is_over=False),
)

FILTERS: dict[str, tuple[RunState | None, bool | None]] = {
    "open": (RunState.OPEN, False),
    "draft": (RunState.DRAFT, False),
    "over": (RunState.OPEN, True),
    "cancelled": (RunState.CANCELLED, None),
}


def own_run(run_id: int) -> CourseRun:
    """The institution's run, or the 404 page."""
    run = runs.own_run(run_id=run_id)
    if run is None:
        abort(404)
    return run


@bp.get("/desk/runs", endpoint="runs")
@access.member("institution", permission="catalog:course:see")
def runs_() -> Page:
    """The institution's runs, the next to start first."""
    chosen = request.args.get("state", "open")
    if chosen not in FILTERS:
        chosen = "open"
    state, is_over = FILTERS[chosen]
    total = runs.count_runs(state=state, is_over=is_over)
    return render(
        "runs.html",
        rows=runs.own_runs(state=state, is_over=is_over, page=page_number()),
        counts={name: runs.count_runs(state=each[0], is_over=each[1]) for name, each in FILTERS.items()},
        chosen=chosen,
        can_see_roster=may(scope.require(), "enroll:roster:see"),
        page=page_number(),
        pages=-(-total // runs.PAGE_SIZE),
    )


@bp.route("/desk/courses/<int:course_id>/runs/new", methods=["GET", "POST"])
@access.member("institution", permission="catalog:run:edit")
def run_new(course_id: int) -> Page:
    """Plan a run of a course."""
    course = courses.own_course(course_id=course_id)
    if course is None:
        abort(404)
    revision = courses.own_revisions(course_id=course_id)[0]
    form = RunForm.of(
        runs.teaching_regions(),
        defaults={"place": revision.place, "region_id": course.region_id, "seats": 30},
    )
    status = 200
    if form.validate_on_submit():
        try:
            run = runs.create_run(course_id=course_id, plan=form.plan())
        except DomainError as error:
            status = form.refuse(error)
        else:
            flash(_("班期已保存。检查课表，然后开始招生。"), "success")
            warn_about_hours(run)
            return redirect(url_for("catalog.run", run_id=run.id), 303)
    elif form.is_submitted():
        status = 422
    return render("run_form.html", form=form, title=revision.title, course_id=course_id, run=None), status


@bp.get("/desk/runs/<int:run_id>")
@access.member("institution", permission="catalog:course:see")
def run(run_id: int) -> Page:
    """One run: seats, timetable, what to do next."""
    return _run_page(own_run(run_id))


def _run_page(run: CourseRun, refusal: str | None = None) -> str:
    course = courses.own_course(course_id=run.course_id)
    assert course is not None
    revisions = courses.own_revisions(course_id=run.course_id)
    revision = courses.approved_of(revisions) or revisions[0]
    sessions = runs.sessions_of(run_id=run.id)
    minutes = sum(int((each.ends_at - each.starts_at).total_seconds()) // 60 for each in sessions)
    hours = revision.theory_hours + revision.practice_hours
    regions = {region.id: region for region in runs.teaching_regions()}
    return render(
        "run.html",
        run=run,
        course=course,
        title=revision.title,
        sessions=sessions,
        seats=runs.seats_of(run_id=run.id),
        region=regions.get(run.region_id),
        planned_hours=rules.taught_hours(minutes),
        course_hours=hours,
        too_few_hours=rules.has_too_few_hours(minutes, hours),
        can_edit=may(scope.require(), "catalog:run:edit")
        and run.state is not RunState.CANCELLED
        and run.ends_on >= clock.today(),
        now=clock.now(),
        can_see_roster=may(scope.require(), "enroll:roster:see"),
        refusal=refusal,
    )


@bp.route("/desk/runs/<int:run_id>/edit", methods=["GET", "POST"])
@access.member("institution", permission="catalog:run:edit")
def run_edit(run_id: int) -> Page:
    """Change a run; learners of an open run are told."""
    run = own_run(run_id)
    form = RunForm.of(runs.teaching_regions(), run=run, sessions=runs.sessions_of(run_id=run_id))
    status = 200
    if form.validate_on_submit():
        try:
            changes = runs.edit_run(
                run_id=run_id,
                plan=form.plan(),
                reason_code=form.reason_code.data or None,
                reason_note=form.reason_note.data or None,
            )
        except DomainError as error:
            status = form.refuse(error)
        else:
            if not changes:
                flash(_("没有改动。"), "info")
            elif run.state is RunState.OPEN:
                flash(_("已保存，我们会告诉每位学员。"), "success")
            else:
                flash(_("已保存。"), "success")
            if changes:
                warn_about_hours(run)
            return redirect(url_for("catalog.run", run_id=run_id), 303)
    elif form.is_submitted():
        status = 422
    revision = courses.own_revisions(course_id=run.course_id)[0]
    return render("run_form.html", form=form, title=revision.title, course_id=run.course_id, run=run), status


def warn_about_hours(run: CourseRun) -> None:
    """Say it if the timetable has fewer hours than the course promises."""
    sessions = runs.sessions_of(run_id=run.id)
    minutes = sum(int((each.ends_at - each.starts_at).total_seconds()) // 60 for each in sessions)
    hours = sum(runs.course_hours(course_id=run.course_id))
    if rules.has_too_few_hours(minutes, hours):
        flash(
            _(
                "课表一共 %(planned)s 课时，少于课程的 %(hours)s 课时。",
                planned=rules.taught_hours(minutes),
                hours=hours,
            ),
            "warning",
        )


@bp.post("/desk/runs/<int:run_id>/open")
@access.member("institution", permission="catalog:run:edit")
def run_open(run_id: int) -> Page:
    """Let learners apply."""
    run = own_run(run_id)
    try:
        runs.open_run(run_id=run_id)
    except DomainError as error:
        http.roll_back()
        return _run_page(own_run(run.id), refusal=errors.message(error)), 409
    flash(_("开始招生了。"), "success")
    return redirect(url_for("catalog.run", run_id=run_id), 303)


@bp.route("/desk/runs/<int:run_id>/cancel", methods=["GET", "POST"])
@access.member("institution", permission="catalog:run:edit")
def run_cancel(run_id: int) -> Page:
    """Cancel a run with a reason; every learner is told."""
    run = own_run(run_id)
    form = CancelRunForm()
    status = 200
    if form.validate_on_submit():
        try:
            runs.cancel_run(
                run_id=run_id, reason_code=form.reason_code.data, reason_note=form.reason_note.data or None
            )
        except DomainError as error:
            status = form.refuse(error)
        else:
            flash(_("班期已取消，我们会告诉每位学员。"), "success")
            return redirect(url_for("catalog.run", run_id=run_id), 303)
    elif form.is_submitted():
        status = 422
    revision = courses.own_revisions(course_id=run.course_id)[0]
    return render(
        "run_cancel.html", form=form, run=run, title=revision.title, seats=runs.seats_of(run_id=run_id)
    ), status
