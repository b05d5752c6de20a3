"""THE LAW: dated lists, groups, rules and designations, and a pure evaluator."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages, desk items and template helpers.

    The courses its pages show are the catalog's to find: `courses_for_me` and `courses_under` in templates.
    """
    from flask import session

    from app.policy import answers
    from app.policy.views import desk, eligibility, history, public, rules, versions  # noqa: F401
    from app.tenants.session import left_outside

    left_outside(*answers.KEYS)
    app.register_blueprint(eligibility.bp)
    app.register_blueprint(public.bp)
    app.register_blueprint(desk.bp)
    desk.register()
    versions.register()
    app.jinja_env.globals.update(
        eligibility_questions=eligibility.questions_for,
        has_answers=lambda: bool(answers.load(session)),
    )
