"""What the other rooms ask of the law: the rule book, the list in force, designations, and verdicts."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.clock import today
from app.db import db
from app.policy import loader
from app.policy.evaluator import Facts, Offer, Verdict, evaluate
from app.policy.facts import read_facts
from app.policy.law import law_on
from app.policy.models import (
    CodedVersion,
    Designation,
    DesignationState,
    PolicyParameter,
    ShortageList,
    ShortageListEntry,
    SubsidyRule,
    TargetGroup,
    Trade,
    Version,
)
from app.policy.rulebook import RuleBook

BOOK_SECONDS = 60.0
_Listed = aliased(Trade)
_book: tuple[float, date, RuleBook] | None = None


def rulebook() -> RuleBook:
    """The dated groups, rules and limits of the database, with the bundled questions and papers.

    Kept for a minute per process and never into another day: a version is published for a day still to come.
    """
    global _book
    if _book is None or time.monotonic() - _book[0] > BOOK_SECONDS or _book[1] != today():
        _book = (time.monotonic(), today(), _read_book())
    return _book[2]


def forget_rulebook() -> None:
    """Read the rule book anew when it is next asked for."""
    global _book
    _book = None


def rulebook_with(version: Version) -> RuleBook:
    """The rule book as it would be with this draft published; raises PolicyFileError if the two do not fit."""
    return _read_book(version)


def _read_book(draft: Version | None = None) -> RuleBook:
    groups = db.session.execute(
        sa.select(TargetGroup.data, TargetGroup.valid_from, TargetGroup.valid_to).order_by(TargetGroup.id)
    )
    dated = {
        "group": tuple({**row.data, "valid_from": row.valid_from, "valid_to": row.valid_to} for row in groups),
        "rule": _entries(SubsidyRule, draft),
        "limit": _entries(PolicyParameter, draft),
    }
    return loader.build_rulebook({**loader.read_entries(), **dated})


def _entries(model: type[CodedVersion], draft: Version | None) -> tuple[dict[str, Any], ...]:
    """What the published versions say and from when to when, the draft among them; a repeal says nothing."""
    rows = list(db.session.scalars(sa.select(model).where(model.is_published).order_by(model.id)))
    ends = {row.id: row.valid_to for row in rows}
    if isinstance(draft, model) and not draft.is_published:
        for row in rows:
            is_before = (row.region_id, row.code) == (draft.region_id, draft.code)
            if is_before and row.valid_from < draft.valid_from < (row.valid_to or date.max):
                ends[row.id] = draft.valid_from
        rows.append(draft)
        ends[draft.id] = draft.valid_to
    return tuple(
        {**row.data, "valid_from": row.valid_from, "valid_to": ends[row.id]} for row in rows if not row.is_repeal
    )


def _list_is_in_force(on: Any) -> sa.ColumnElement[bool]:
    return sa.and_(
        ShortageList.is_published,
        ShortageList.valid_from <= on,
        sa.or_(ShortageList.valid_to.is_(None), ShortageList.valid_to > on),
    )


def designation_stands(on: Any) -> sa.ColumnElement[bool]:
    """SQL: whether a designation is active and in its term on a day; for use inside a query."""
    return sa.and_(
        Designation.state == DesignationState.ACTIVE, Designation.valid_from <= on, Designation.valid_to > on
    )


def list_in_force(on: date) -> ShortageList | None:
    """The published shortage list in force on a day, or None."""
    return db.session.scalar(sa.select(ShortageList).where(_list_is_in_force(on)))


def changed_on(on: date) -> date:
    """The last day up to this one on which a rule or the list changed; the first of all days if none ever did."""
    begun = sa.func.max(ShortageList.valid_from).filter(ShortageList.valid_from <= on)
    ended = sa.func.max(ShortageList.valid_to).filter(ShortageList.valid_to <= on)
    listed = db.session.scalar(sa.select(sa.func.greatest(begun, ended)).where(ShortageList.is_published))
    return max(law_on(rulebook(), on).on, listed or date.min)


def listed_trades(on: date) -> dict[str, int]:
    """Trade code → numbered place on the shortage list in force on a day."""
    rows = db.session.execute(
        sa.select(Trade.code, ShortageListEntry.position)
        .join(ShortageListEntry, ShortageListEntry.trade_id == Trade.id)
        .join(ShortageList, ShortageList.id == ShortageListEntry.list_id)
        .where(_list_is_in_force(on))
    )
    return dict(rows.all())


def listed_with(version: Version, *, on: date | None = None) -> dict[str, int]:
    """As `listed_trades` on a day (its own first day unless told), if this draft were published."""
    on = on or version.valid_from
    if not isinstance(version, ShortageList) or on < version.valid_from:
        return listed_trades(on)
    rows = db.session.execute(
        sa.select(Trade.code, ShortageListEntry.position)
        .join(ShortageListEntry, ShortageListEntry.trade_id == Trade.id)
        .where(ShortageListEntry.list_id == version.id)
    )
    return dict(rows.all())


def position_of(*, trade_code: Any, on: Any) -> sa.ScalarSelect[Any]:
    """SQL: the trade's place on the list in force on a day, null if it is not listed; for use inside a query."""
    return (
        sa.select(ShortageListEntry.position)
        .join(ShortageList, ShortageList.id == ShortageListEntry.list_id)
        .join(_Listed, _Listed.id == ShortageListEntry.trade_id)
        .where(_Listed.code == trade_code, _list_is_in_force(on))
        .limit(1)
        .scalar_subquery()
    )


def covers(*, tenant_id: Any, trade_code: Any, level: Any, on: Any) -> sa.ColumnElement[bool]:
    """SQL: whether the institution is designated for the trade and level on a day; for use inside a query."""
    return sa.exists().where(
        Designation.tenant_id == tenant_id,
        Designation.trade_code == trade_code,
        designation_stands(on),
        sa.or_(sa.cast(level, sa.Integer).is_(None), sa.cast(level, sa.Integer) == sa.any_(Designation.levels)),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a course stands on a day: its trade's place on the list (None: not listed), and its designation."""

    position: int | None
    is_designated: bool


def find_standing(*, tenant_id: int, trade_code: str, level: int | None, on: date) -> Standing:
    """Both in one query."""
    row = db.session.execute(
        sa.select(
            position_of(trade_code=trade_code, on=on),
            covers(tenant_id=tenant_id, trade_code=trade_code, level=level, on=on),
        )
    ).one()
    return Standing(row[0], bool(row[1]))


def is_designated(*, tenant_id: int, trade_code: str, level: int | None, on: date) -> bool:
    """Whether the institution may give subsidised training in the trade and level on a day."""
    return bool(
        db.session.scalar(sa.select(covers(tenant_id=tenant_id, trade_code=trade_code, level=level, on=on)))
    )


class TradeName(Protocol):
    """A trade's code and the name people know: a `Trade`, or the two columns of one."""

    @property
    def code(self) -> str: ...
    @property
    def label(self) -> str: ...


def offer_for(
    *,
    trade: TradeName,
    level: int | None,
    fee_fen: int,
    form: str,
    tenant_id: int,
    is_subsidised: bool,
    on: date,
    standing: Standing | None = None,
) -> Offer:
    """The course as the rules see it on a day; one query unless its standing is known already."""
    if standing is None:
        standing = find_standing(tenant_id=tenant_id, trade_code=trade.code, level=level, on=on)
    return Offer(
        trade_code=trade.code,
        trade_name=trade.label,
        listed=standing.position is not None,
        level=level,
        fee_fen=fee_fen,
        form=form,
        designated=is_subsidised and standing.is_designated,
        list_entry=None if standing.position is None else str(standing.position),
    )


def at_certificate(*, facts: Facts, offer: Offer, on: date) -> Offer:
    """The offer, with whether its trade was on the list in force when the person's certificate was issued."""
    issued = read_facts(rulebook(), facts).get("certificate_on")
    if issued is None or issued >= on or offer.listed_at_certificate is not None:
        return offer
    return replace(offer, listed_at_certificate=offer.trade_code in listed_trades(issued))


def verdict(*, facts: Facts, offer: Offer, on: date, tree: bool = False) -> Verdict:
    """The verdict for one person, one course and one day, by the rules in the database."""
    return evaluate(rulebook(), facts, at_certificate(facts=facts, offer=offer, on=on), on, tree=tree)
