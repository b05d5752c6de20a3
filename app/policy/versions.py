"""Versions of the law: drafted by one person, approved by another, in force from a day to come, kept for ever.

One mechanism for lists, amounts and limits. Publishing a version ends the one before it on its first day; nothing
is changed backwards, so that what was decided yesterday is decided the same for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import event

from app import audit, clock, errors, jobs
from app.db import db
from app.errors import DomainError
from app.i18n import lazy_gettext as _l
from app.policy import services
from app.policy.loader import PolicyFileError
from app.policy.models import PolicyParameter, ShortageList, ShortageListEntry, SubsidyRule, Version
from app.scope import VISITOR

errors.register("version_gone", _l("这份草稿已经不在了：有人删除了它。"))
errors.register("version_already_published", _l("这一版已经发布，不能再改。"))
errors.register("version_needs_second", _l("自己拟的版本要由另一位同事复核发布。"))
errors.register("version_not_counted", _l("影响还在测算，请稍后再发布。"))
errors.register("version_needs_document", _l("请填写文号。"))
errors.register("version_too_early", _l("最早从 %(on)s 起生效：已经过去的日子和今天，规定不再改动。"))
errors.register("version_later_exists", _l("已经发布了从 %(on)s 起生效的版本，新版要晚于这一天。"))
errors.register("version_does_not_fit", _l("这一版和其他规定合不上，没有保存。"))

KINDS: dict[str, type[Version]] = {
    model.__tablename__: model for model in (ShortageList, SubsidyRule, PolicyParameter)
}
_LOCK = 0x6C6177  # one publication at a time: two could each end the same version
_V = TypeVar("_V", bound=Version)


def earliest() -> date:
    """The first day a version published today may begin."""
    return clock.today() + timedelta(days=1)


def same_subject(version: _V) -> sa.Select[_V]:
    """The published versions of what this is a version of, newest first, without itself."""
    model = type(version)
    return (
        sa.select(model)
        .where(model.is_published, model.id != version.id)
        .where(*(getattr(model, name) == getattr(version, name) for name in model.subject))
        .order_by(model.valid_from.desc())
    )


def before(version: _V) -> _V | None:
    """The published version that this one follows, or would follow."""
    model = type(version)
    found = same_subject(version).where(model.valid_from < version.valid_from).limit(1)
    return db.session.scalars(found).first()


def check(version: Version) -> None:
    """Refuse a version that could not be published, or with which the rule book would not be one."""
    if not version.document_no.strip():
        raise DomainError("version_needs_document", field="document_no")
    if version.valid_from < earliest():
        raise DomainError("version_too_early", field="valid_from", on=earliest().isoformat())
    latest = db.session.scalars(same_subject(version).limit(1)).first()
    if latest is not None and latest.valid_from >= version.valid_from:
        raise DomainError("version_later_exists", field="valid_from", on=latest.valid_from.isoformat())
    try:
        services.rulebook_with(version)
    except PolicyFileError as error:
        raise DomainError("version_does_not_fit") from error


def save_draft(version: Version, *, data: dict[str, object] | None = None) -> None:
    """Keep a draft for another person to approve, and have its effects on current applications counted."""
    db.session.add(version)
    db.session.flush()
    check(version)
    _record(version, "drafted", data)
    jobs.enqueue("enroll.simulate", table=version.__tablename__, id=version.id)


def approve(version: _V, *, actor_id: int) -> None:
    """Publish a draft of somebody else whose effects are counted: what it follows ends on its first day.

    Cards show it from then on.
    """
    draft = _taken(version)
    if draft.authored_by == actor_id or draft.authored_by is None:
        raise DomainError("version_needs_second")
    if draft.effects_at is None:
        raise DomainError("version_not_counted")
    check(draft)
    previous = before(draft)
    if previous is not None and (previous.valid_to is None or previous.valid_to > draft.valid_from):
        previous.valid_to = draft.valid_from
        db.session.flush()
    if isinstance(draft, ShortageList):
        entries = sa.update(ShortageListEntry).where(ShortageListEntry.list_id == draft.id)
        db.session.execute(entries.values(is_published=True))
    draft.is_published, draft.approved_by, draft.published_at = True, actor_id, clock.now()
    counted = {name: (draft.effects or {}).get(name) for name in ("judged", "changed", "fen")}
    draft.effects, draft.effects_at = sa.null(), None  # counts are the bureau's; what is published anyone may read
    published = {"document_no": draft.document_no, "valid_from": draft.valid_from.isoformat()}
    _record(draft, "published", {**published, **counted})
    begins = datetime.combine(draft.valid_from, time(0, 1), clock.CITY_ZONE).astimezone(UTC)
    jobs.enqueue("catalog.reindex", scope=VISITOR, at=begins)
    event.listen(db.session(), "after_commit", lambda _session: services.forget_rulebook(), once=True)


def discard(version: Version) -> None:
    """Throw a draft away; what is published stays for ever."""
    draft = _taken(version)
    _record(draft, "discarded", None)
    db.session.delete(draft)
    db.session.flush()


def _taken(version: _V) -> _V:
    """The draft as it is now, held until this transaction ends; one publication at a time."""
    model = type(version)
    db.session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    query = sa.select(model).where(model.id == version.id).with_for_update()
    draft = db.session.scalars(query.execution_options(populate_existing=True)).first()
    if draft is None:
        raise DomainError("version_gone")
    if draft.is_published:
        raise DomainError("version_already_published")
    return draft


def _record(version: Version, what: str, data: dict[str, object] | None) -> None:
    subject = (version.noun, version.id)
    audit.record(f"{version.noun}.{what}", subject=subject, region_id=version.region_id, data=data)


@dataclass(frozen=True)
class Past:
    """A published version and the one it followed."""

    version: Version
    previous: Version | None


def follow(versions: Iterable[Version]) -> list[Past]:
    """Each of these published versions with the one it followed, newest first."""
    lines: dict[object, list[Version]] = defaultdict(list)
    for version in sorted(versions, key=lambda each: each.valid_from):
        lines[type(version), *(getattr(version, name) for name in version.subject)].append(version)
    found = [
        Past(version, line[place - 1] if place else None)
        for line in lines.values()
        for place, version in enumerate(line)
    ]
    return sorted(found, key=lambda each: each.version.valid_from, reverse=True)


def history() -> list[Past]:
    """Every published version of lists, amounts and limits, newest first."""
    return follow(
        version
        for model in KINDS.values()
        for version in db.session.scalars(sa.select(model).where(model.is_published).order_by(model.id))
    )


def drafts() -> list[Version]:
    """The drafts of the bureau in scope, oldest first."""
    found = [
        version
        for model in KINDS.values()
        for version in db.session.scalars(sa.select(model).where(~model.is_published).order_by(model.id))
    ]
    return sorted(found, key=lambda each: each.created_at)
