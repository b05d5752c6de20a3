"""New amounts and new limits: drafts made of the version they follow, with what a bureau may change."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa

from app import errors
from app.db import db
from app.errors import DomainError
from app.i18n import lazy_gettext as _l
from app.policy import versions
from app.policy.entries import read_limit
from app.policy.models import PolicyParameter, RuleKind, SubsidyRule
from app.policy.rulebook import Limit

errors.register("amount_missing", _l("请填写新的标准。"))
errors.register("amount_already_ended", _l("这一项已经停止执行。"))
errors.register("limit_out_of_bounds", _l("请填写 %(low)s 到 %(high)s 之间的数。"))

# What belongs to one version alone and is never taken over by the next.
_OWN = ("valid_from", "valid_to", "note", "amount_fen", "percent", "number", "off")
_V = TypeVar("_V", SubsidyRule, PolicyParameter)


def newest(model: type[_V], *, code: str) -> _V | None:
    """The published version of a rule or limit that began last, or will."""
    query = sa.select(model).where(model.is_published, model.code == code)
    return db.session.scalars(query.order_by(model.valid_from.desc()).limit(1)).first()


def newest_of_each(model: type[_V]) -> list[_V]:
    """The newest published version of every rule or limit, by code."""
    query = sa.select(model).where(model.is_published).distinct(model.code)
    return list(db.session.scalars(query.order_by(model.code, model.valid_from.desc())))


def limit_of(version: PolicyParameter) -> Limit:
    """The limit as the rules read it, in this version."""
    return read_limit({**version.data, "valid_from": version.valid_from, "valid_to": None})


def may_change(limit: Limit) -> bool:
    """Whether a bureau has a say in it: its number, or whether it applies."""
    return limit.bounds is not None or limit.switch


def draft_amount(
    *,
    base: SubsidyRule,
    amount_fen: int | None,
    percent: int | None,
    document_no: str,
    clause: str,
    quote: str,
    valid_from: date,
    actor_id: int,
) -> SubsidyRule:
    """Draft a new amount of a rule, or the percent of one that raises others, set by a document."""
    given = percent if base.kind is RuleKind.MULTIPLIER else amount_fen
    if not given:
        field = "percent" if base.kind is RuleKind.MULTIPLIER else "amount"
        raise DomainError("amount_missing", field=field)
    amount = {"percent": percent} if base.kind is RuleKind.MULTIPLIER else {"amount_fen": amount_fen}
    document = {"clause": clause, "quote": quote, "amount_document": document_no}
    draft = _rule(base, document_no, valid_from, actor_id, {**_kept(base.data), **document, **amount})
    versions.save_draft(draft, data={**amount, "code": base.code})
    return draft


def draft_end(
    *, base: SubsidyRule, document_no: str, clause: str, quote: str, valid_from: date, actor_id: int
) -> SubsidyRule:
    """Draft the end of a rule: from that day on it pays nothing, until a later version sets an amount again."""
    if base.is_repeal:
        raise DomainError("amount_already_ended")
    document = {"clause": clause, "quote": quote, "amount_document": document_no}
    draft = _rule(base, document_no, valid_from, actor_id, {**base.data, **document})
    draft.is_repeal, draft.amount_fen = True, None
    versions.save_draft(draft, data={"code": base.code, "is_repeal": True})
    return draft


def draft_limit(
    *,
    base: PolicyParameter,
    number: int | None,
    is_on: bool,
    document_no: str,
    clause: str,
    valid_from: date,
    actor_id: int,
) -> PolicyParameter:
    """Draft a new number of a limit, or put one on or off, within what a bureau may set."""
    limit = limit_of(base)
    if limit.bounds is not None and (number is None or not limit.bounds[0] <= number <= limit.bounds[1]):
        low, high = limit.bounds
        raise DomainError("limit_out_of_bounds", field="number", low=low, high=high)
    data: dict[str, Any] = {**_kept(base.data), "clause": clause, "basis": "explicit"}
    if limit.bounds is not None:
        data["number"] = number
    if not (is_on if limit.switch else not limit.off):
        data["off"] = True
    draft = PolicyParameter(
        region_id=base.region_id,
        code=base.code,
        document_no=document_no,
        data=data,
        valid_from=valid_from,
        authored_by=actor_id,
    )
    versions.save_draft(draft, data={"code": base.code, "number": data.get("number"), "off": "off" in data})
    return draft


def _kept(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in _OWN}


def _rule(
    base: SubsidyRule, document_no: str, valid_from: date, actor_id: int, data: dict[str, Any]
) -> SubsidyRule:
    return SubsidyRule(
        region_id=base.region_id,
        code=base.code,
        kind=base.kind,
        name=base.name,
        name_en=base.name_en,
        amount_fen=data.get("amount_fen"),
        document_no=document_no,
        clause=data["clause"],
        quote=data["quote"],
        data=data,
        valid_from=valid_from,
        authored_by=actor_id,
    )
