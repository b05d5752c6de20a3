"""A run's lessons at the institution's desk: add one, change one, drop one."""

from __future__ import annotations

from flask import abort, flash, redirect, url_for

from app.catalog.blueprint import bp
from app.catalog.forms import LessonForm, ReasonForm
from app.catalog.models import CourseRun, RunSession
from app.catalog.services import courses, lessons
from app.catalog.views.desk import Page, render
from app.catalog.views.runs import own_run, warn_about_hours
from app.errors import DomainError
from app.i18n import gettext as _
from app.security import access


def _lesson(run_id: int, lesson_id: int) -> RunSession:
    lesson = lessons.own_lesson(run_id=run_id, lesson_id=lesson_id)
    if lesson is None:
        abort(404)
    return lesson


def _page(template: str, form: ReasonForm, run: CourseRun, lesson: RunSession | None = None) -> Page:
    revision = courses.own_revisions(course_id=run.course_id)[0]
    has_learners = lessons.has_learners(run_id=run.id)
    form.reason_code.flags.required = has_learners
    page = render(template, form=form, run=run, lesson=lesson, title=revision.title, has_learners=has_learners)
    return page, form.status


def _done(run: CourseRun, is_told: bool) -> Page:
    flash(_("已保存，我们会告诉每位学员。") if is_told else _("已保存。"), "success")
    warn_about_hours(run)
    return redirect(url_for("catalog.run", run_id=run.id, _anchor="sessions"), 303)


@bp.route("/desk/runs/<int:run_id>/lessons/new", methods=["GET", "POST"])
@access.member("institution", permission="catalog:run:edit")
def lesson_new(run_id: int) -> Page:
    """Add a lesson."""
    run = own_run(run_id)
    form = LessonForm.of()
    if form.validate_on_submit():
        is_told = lessons.has_learners(run_id=run_id)
        try:
            lessons.add_lesson(
                run_id=run_id, lesson=form.lesson(), topic=form.topic.data or "", reason=form.reason()
            )
        except DomainError as error:
            form.refuse(error)
        else:
            return _done(run, is_told)
    return _page("lesson_form.html", form, run)


@bp.route("/desk/runs/<int:run_id>/lessons/<int:lesson_id>", methods=["GET", "POST"])
@access.member("institution", permission="catalog:run:edit")
def lesson(run_id: int, lesson_id: int) -> Page:
    """Change when a lesson is held or what it teaches."""
    run, lesson = own_run(run_id), _lesson(run_id, lesson_id)
    form = LessonForm.of(lesson)
    if form.validate_on_submit():
        try:
            is_told = lessons.edit_lesson(
                run_id=run_id,
                lesson_id=lesson_id,
                lesson=form.lesson(),
                topic=form.topic.data or "",
                reason=form.reason(),
            )
        except DomainError as error:
            form.refuse(error)
        else:
            return _done(run, is_told and lessons.has_learners(run_id=run_id))
    return _page("lesson_form.html", form, run, lesson)


@bp.route("/desk/runs/<int:run_id>/lessons/<int:lesson_id>/remove", methods=["GET", "POST"])
@access.member("institution", permission="catalog:run:edit")
def lesson_remove(run_id: int, lesson_id: int) -> Page:
    """Ask before a lesson is dropped, and why if learners count on it."""
    run, lesson = own_run(run_id), _lesson(run_id, lesson_id)
    form = ReasonForm()
    if form.validate_on_submit():
        is_told = lessons.has_learners(run_id=run_id)
        try:
            lessons.remove_lesson(run_id=run_id, lesson_id=lesson_id, reason=form.reason())
        except DomainError as error:
            form.refuse(error)
        else:
            return _done(run, is_told)
    return _page("lesson_remove.html", form, run, lesson)
