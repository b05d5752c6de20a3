"""One rule of the policy, for everyone the same: what it gives, to whom, on which conditions, in which words."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, render_template

from app.clock import today
from app.i18n import code as locale_code
from app.policy import services
from app.policy.checks import make_check
from app.policy.rulebook import Limit, RuleBook, SubsidyRule, in_force
from app.policy.texts import text
from app.policy.views.public import bp
from app.security import access


@bp.get("/public/rules/<rule_code>")
@access.anyone
def rule(rule_code: str) -> str:
    """The version in force, or the last one there was or will be."""
    book, on = services.rulebook(), today()
    versions = sorted((each for each in book.rules if each.code == rule_code), key=lambda each: each.valid_from)
    if not versions:
        abort(404)
    found = book.rule(rule_code, on) or versions[-1]
    return render_template(
        "policy/rule.html",
        rule=found,
        is_in_force=book.rule(rule_code, on) is not None,
        conditions=_conditions(book, found, on),
        groups=_groups(book, found, on),
        papers=[book.paper(code).name.in_(locale_code()) for code in found.papers],
        document=book.document(found.document),
        versions=versions if len(versions) > 1 else [],
        raised=[each for each in in_force(book.rules, on) if each.code in found.applies_to],
        raised_by=[each for each in in_force(book.rules, on) if found.code in each.applies_to],
    )


def _conditions(book: RuleBook, rule: SubsidyRule, on: date) -> list[dict[str, str]]:
    """What must hold, in words, with the clause it stands in; empty for our own reading."""
    limits = [limit for code in rule.when if (limit := book.limit(code, on)) is not None]
    return [{"text": said, "clause": limit.clause} for limit in limits if (said := _condition(limit))]


def _condition(limit: Limit) -> str:
    check = make_check(limit)
    if check is None:
        return ""
    code = check.held.code
    return text(f"reason.{code}.held", locale_code(), **check.held.params)


def _groups(book: RuleBook, rule: SubsidyRule, on: date) -> list[dict[str, Any]]:
    """Every group the rule is for, the inferred ones named as such, with the papers any one of which proves it."""
    locale = locale_code()
    return [
        {
            "name": group.name.in_(locale),
            "clause": group.clause,
            "is_inferred": group.basis != "explicit",
            "papers": [book.paper(code).name.in_(locale) for code in group.papers],
        }
        for group in in_force(book.groups, on)
        if rule.opens in group.opens
    ]
