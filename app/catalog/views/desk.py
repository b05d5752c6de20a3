"""The institution's courses at its desk: write, preview, submit, publish, take down, copy, archive."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import clock, errors, http, i18n, scope
from app.catalog import rules, texts
from app.catalog.blueprint import bp
from app.catalog.forms import CourseForm, SubmitForm
from app.catalog.models import Course, CourseRevision, RevisionState
from app.catalog.services import browsing, courses, listing, reviews, runs
from app.catalog.views import course_page
from app.catalog.views.versions import compare, trade_name
from app.errors import DomainError
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.money import yuan
from app.policy import services as policy
from app.security import access
from app.tenants.desk import Todo, register_item, register_todo
from app.tenants.permissions import may

Page = str | tuple[str, int] | Response

IN_HEAD = ("title", "is_subsidised")
"""What the page of a course says at its top."""

register_item(
    kind="institution",
    label=_l("课程"),
    endpoint="catalog.courses",
    permission="catalog:course:see",
    order=20,
    count=lambda: listing.count_courses()["all"],
)
bp.app_template_filter("schedule")(texts.schedule)


def render(template: str, **values: Any) -> str:
    """A desk page of this room, with its words."""
    return render_template(
        f"catalog/desk/{template}", words=texts, yuan=yuan, trade_name=trade_name, today=clock.today(), **values
    )


def page_number() -> int:
    """The page asked for, 1 if it is none."""
    return max(1, min(request.args.get("page", 1, type=int), 10_000))


def _course(course_id: int) -> Course:
    course = courses.own_course(course_id=course_id)
    if course is None:
        abort(404)
    return course


def _todos() -> list[Todo]:
    counts = listing.count_courses()
    found = []
    if counts["returned"]:
        label = _l("%(n)s 门课程被退回，改好可以再送审", n=counts["returned"])
        found.append(Todo(label, url_for("catalog.courses", state="returned"), counts["returned"], "stop"))
    if counts["draft"]:
        label = _l("%(n)s 门课程还是草稿", n=counts["draft"])
        found.append(Todo(label, url_for("catalog.courses", state="draft"), counts["draft"], "wait"))
    idle = listing.count_live_without_runs()
    if idle:
        label = _l("%(n)s 门已上架的课程没有可以报名的班期", n=idle)
        found.append(Todo(label, url_for("catalog.courses", state="live"), idle, "wait"))
    return found


register_todo("institution", _todos)


@bp.get("/desk/courses", endpoint="courses")
@access.member("institution", permission="catalog:course:see")
def courses_() -> Page:
    """The institution's courses, by where they stand."""
    state = request.args.get("state")
    if state not in listing.FILTERS:
        state = None
    counts = listing.count_courses()
    total = counts[state or "all"]
    return render(
        "courses.html",
        rows=listing.list_courses(state=state, page=page_number()),
        counts=counts,
        state=state,
        page=page_number(),
        pages=-(-total // listing.PAGE_SIZE),
    )


@bp.route("/desk/courses/new", methods=["GET", "POST"])
@access.member("institution", permission="catalog:course:edit")
def course_new() -> Page:
    """Draft a course."""
    form = CourseForm.of(listing.all_trades())
    status = 200
    if form.validate_on_submit():
        try:
            course = courses.create_course(content=form.values())
        except DomainError as error:
            status = form.refuse(error)
        else:
            flash(_("草稿已保存。看一遍预览，再送审或上架。"), "success")
            return redirect(url_for("catalog.desk_course", course_id=course.id), 303)
    elif form.is_submitted():
        status = 422
    return render("course_form.html", form=form, course=None), status


@bp.get("/desk/courses/<int:course_id>")
@access.member("institution", permission="catalog:course:see")
def desk_course(course_id: int) -> Page:
    """One course: where it stands, what to do next, its runs and versions."""
    return _course_page(_course(course_id))


def _course_page(course: Course, refusal: str | None = None) -> str:
    revisions = courses.own_revisions(course_id=course.id)
    working, approved = courses.working_of(revisions), courses.approved_of(revisions)
    shown = working or approved or revisions[0]
    run_rows = runs.own_runs(course_id=course.id)
    stage = rules.stage(
        is_live=course.is_live,
        is_archived=course.is_archived,
        has_approved=approved is not None,
        working=working.state if working else None,
    )
    problems: list[str] = []
    if working is not None and working.is_subsidised and working.state is not RevisionState.SUBMITTED:
        problems = courses.submission_problems(course=course, revision=working)
    return render(
        "course.html",
        course=course,
        revisions=revisions,
        working=working,
        approved=approved,
        shown=shown,
        lines=[line for line in compare(None, shown) if line.name not in IN_HEAD],
        stage=stage,
        stations=path_of(course, shown, stage, has_runs=any(row.run.state == "open" for row in run_rows)),
        problems=[errors.message(DomainError(code)) for code in problems],
        runs=run_rows,
        decisions=reviews.earlier_reviews(course_id=course.id),
        can_edit=may(scope.require(), "catalog:course:edit"),
        refusal=refusal,
    )


def path_of(
    course: Course, shown: CourseRevision, stage: rules.Stage, *, has_runs: bool
) -> list[dict[str, str | None]]:
    """The course's path: 草稿 → 送审 → 人社局审核 → 上架 → 开班; without the review if it needs none."""
    us = _("你们")
    state = shown.state
    draft = {"label": _("草稿"), "note": None, "who": None}
    submit = {"label": _("送审"), "note": None, "who": None}
    review = {"label": _("人社局审核"), "note": None, "who": None}
    live = {"label": _("上架"), "note": None, "who": None}
    open_ = {"label": _("开班"), "note": None, "who": None}
    stations = [draft, submit, review, live, open_] if shown.is_subsidised else [draft, live, open_]
    if stage is rules.Stage.ARCHIVED:
        now = stations.index(live)
        live["note"] = _("课程已归档。")
        return [
            {**each, "state": "done" if n < now else "stopped" if n == now else "ahead"}
            for n, each in enumerate(stations)
        ]
    if state is RevisionState.SUBMITTED:
        current = review
        review |= {"who": _("区县人社局"), "note": _("%(day)s 送审", day=i18n.day(shown.submitted_at))}
    elif state is RevisionState.RETURNED:
        current = submit
        submit |= {"who": us, "note": _("被退回，改好再送")}
    elif state is RevisionState.DRAFT:
        current = submit if shown.is_subsidised and not rules_blank(shown) else draft
        current["who"] = us
    elif not course.is_live:
        current = live
        live["who"] = us
    else:
        current = open_
        open_ |= {"note": _("正在招生")} if has_runs else {"who": us, "note": _("还没有可以报名的班期")}
    if course.is_live and current not in (live, open_):
        live["note"] = _("上一版本仍在架上")
    now = stations.index(current)
    return [
        {**each, "state": "done" if n < now else "now" if n == now else "ahead"} for n, each in enumerate(stations)
    ]


def rules_blank(revision: CourseRevision) -> bool:
    """Whether the draft lacks what a reviewer reads."""
    return not (revision.content and revision.teacher and revision.place)


@bp.route("/desk/courses/<int:course_id>/edit", methods=["GET", "POST"])
@access.member("institution", permission="catalog:course:edit")
def course_edit(course_id: int) -> Page:
    """Edit the working version, or start one from what is in force."""
    course = _course(course_id)
    revisions = courses.own_revisions(course_id=course_id)
    form = CourseForm.of(listing.all_trades(), courses.working_of(revisions) or revisions[0])
    status = 200
    if form.validate_on_submit():
        try:
            saved = courses.save_course(course_id=course_id, content=form.values())
        except DomainError as error:
            status = form.refuse(error)
        else:
            flash(
                {
                    courses.Saved.DRAFTED: _("草稿已保存。"),
                    courses.Saved.APPLIED: _("修改已生效，不用再审。"),
                    courses.Saved.UNCHANGED: _("和现在的版本一样，没有改动。"),
                }[saved],
                "success",
            )
            return redirect(url_for("catalog.desk_course", course_id=course_id), 303)
    elif form.is_submitted():
        status = 422
    return render("course_form.html", form=form, course=course, approved=courses.approved_of(revisions)), status


@bp.get("/desk/courses/<int:course_id>/preview")
@access.member("institution", permission="catalog:course:see")
def course_preview(course_id: int) -> Page:
    """The newest version as the public will see it."""
    course = _course(course_id)
    revisions = courses.own_revisions(course_id=course_id)
    shown = courses.working_of(revisions) or courses.approved_of(revisions) or revisions[0]
    found = browsing.previewed_course(course, revision=shown)
    return render_template(
        "catalog/desk/preview.html",
        **course_page.context(found, {}, on=clock.today()),
        words=texts,
        flags=rules.find_flags(courses.content_of(shown), rules.word_rules()),
    )


@bp.route("/desk/courses/<int:course_id>/submit", methods=["GET", "POST"])
@access.member("institution", permission="catalog:course:edit")
def course_submit(course_id: int) -> Page:
    """Read what submitting means (the subsidy is full payment), tick it, submit."""
    course = _course(course_id)
    form = SubmitForm()
    status = 200
    if form.validate_on_submit():
        try:
            courses.submit_course(course_id=course_id, accepts_full_payment=form.accepts.data)
        except DomainError as error:
            status = form.refuse(error)
        else:
            flash(_("已送审。区县人社局审核后会通知你。"), "success")
            return redirect(url_for("catalog.desk_course", course_id=course_id), 303)
    elif form.is_submitted():
        status = 422
    working = courses.working_of(courses.own_revisions(course_id=course_id))
    if working is None or (working.state is RevisionState.SUBMITTED and status == 200):
        return redirect(url_for("catalog.desk_course", course_id=course_id), 303)
    problems = courses.submission_problems(course=course, revision=working)
    book = policy.rulebook()
    return render(
        "submit.html",
        course=course,
        form=form,
        working=working,
        trade=listing.trade_of(working.trade_id),
        problems=[errors.message(DomainError(code)) for code in problems],
        flags=rules.find_flags(courses.content_of(working), rules.word_rules()),
        caps=[book.rule(code, clock.today()) for code in ("R1_EMP_STD", "R2_EMP_SHORT")],
    ), status


@bp.post("/desk/courses/<int:course_id>/withdraw")
@access.member("institution", permission="catalog:course:edit")
def course_withdraw(course_id: int) -> Page:
    """Take back what waits for review."""
    return _act(course_id, courses.withdraw_submission, _("已撤回送审，可以继续修改。"))


@bp.post("/desk/courses/<int:course_id>/publish")
@access.member("institution", permission="catalog:course:edit")
def course_publish(course_id: int) -> Page:
    """Put the course up."""
    return _act(course_id, courses.publish_course, _("课程已上架。"))


@bp.post("/desk/courses/<int:course_id>/unpublish")
@access.member("institution", permission="catalog:course:edit")
def course_unpublish(course_id: int) -> Page:
    """Take the course down."""
    return _act(course_id, courses.unpublish_course, _("课程已下架。"))


@bp.post("/desk/courses/<int:course_id>/archive")
@access.member("institution", permission="catalog:course:edit")
def course_archive(course_id: int) -> Page:
    """Put the course away."""
    return _act(course_id, courses.archive_course, _("课程已归档。"))


def _act(course_id: int, service: Any, done: str) -> Page:
    course = _course(course_id)
    try:
        service(course_id=course_id)
    except DomainError as error:
        http.roll_back()
        return _course_page(course, refusal=errors.message(error)), 409
    flash(done, "success")
    return redirect(url_for("catalog.desk_course", course_id=course_id), 303)


@bp.post("/desk/courses/<int:course_id>/copy")
@access.member("institution", permission="catalog:course:edit")
def course_copy(course_id: int) -> Page:
    """Draft a new course from this one."""
    _course(course_id)
    copy = courses.copy_course(course_id=course_id, suffix=_("（副本）"))
    flash(_("已复制成新的草稿。"), "success")
    return redirect(url_for("catalog.course_edit", course_id=copy.id), 303)
