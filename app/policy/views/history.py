"""The public record of every version of lists, amounts and limits: from when, by which document, what changed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from flask import render_template, url_for

from app.clock import local, today
from app.policy import amendments, changes, versions
from app.policy.models import PolicyParameter, ShortageList, SubsidyRule, Version
from app.policy.shortage import Difference
from app.policy.versions import Past
from app.policy.views.public import bp
from app.security import access


@dataclass(frozen=True)
class Entry:
    """One version as the public reads it; who drafted and approved it is not said."""

    version: Version
    title: str
    before: str
    says: str
    document: str
    quote: str
    state: str
    difference: Difference | None
    published_on: str
    list_url: str | None


@bp.get("/public/history")
@access.anyone
def history() -> str:
    """Every published version, newest first, by the day it begins."""
    shown = [each for each in versions.history() if _is_told(each.version)]
    days = [
        (day.isoformat(), [_entry(each) for each in found])
        for day, found in groupby(shown, key=lambda each: each.version.valid_from)
    ]
    return render_template("policy/history.html", days=days)


def _is_told(version: Version) -> bool:
    """Conditions that are no number of anybody's stand with the rules they belong to."""
    return not isinstance(version, PolicyParameter) or amendments.may_change(amendments.limit_of(version))


def _entry(past: Past) -> Entry:
    version, previous = past.version, past.previous
    is_list = isinstance(version, ShortageList)
    return Entry(
        version=version,
        title=changes.title_of(version),
        before=changes.says(previous) if previous is not None else "",
        says=changes.says(version),
        document=changes.document_of(version),
        quote=version.quote if isinstance(version, SubsidyRule) else "",
        state=changes.state_of(version, today()),
        difference=changes.difference_of(version, previous) if previous is not None else None,
        published_on=local(version.published_at).date().isoformat() if version.published_at else "",
        list_url=url_for("public.shortage_list", list_id=version.id) if is_list else None,
    )
