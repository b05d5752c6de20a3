"""The bureau's desk for versions of the law: lists, amounts, limits; drafted here, approved by a colleague."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app import errors, http
from app.clock import today
from app.db import db
from app.errors import DomainError
from app.i18n import code as locale_code
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.policy import amendments, changes, shortage, versions
from app.policy.forms import AmountForm, LimitForm, ListForm
from app.policy.models import PolicyParameter, RuleKind, ShortageList, SubsidyRule, Version
from app.policy.store import CITY
from app.policy.texts import text
from app.policy.views.desk import bp
from app.scope import require
from app.security import access
from app.sheets import SheetError
from app.tenants.desk import Todo, register_item, register_todo
from app.tenants.models import Membership, Region
from app.tenants.permissions import may

SEE, MANAGE = "policy:version:see", "policy:version:manage"
_PAGES: dict[type[Version], tuple[str, str]] = {
    ShortageList: ("shortage_list", "list_id"),
    SubsidyRule: ("amount", "amount_id"),
    PolicyParameter: ("limit", "limit_id"),
}
_V = TypeVar("_V", ShortageList, SubsidyRule, PolicyParameter)


def register() -> None:
    """Put the versions on the bureau's rail, and drafts that wait for somebody among what is to be done."""
    register_item(
        kind="bureau",
        label=_l("政策版本"),
        endpoint="policy.policy_versions",
        permission=SEE,
        order=70,
        count=_waiting,
    )
    register_todo("bureau", _todos)


def _waiting() -> int | None:
    """How many drafts wait for this person: those of colleagues."""
    if not may(require(), MANAGE):
        return None
    return sum(each.authored_by != require().actor_id for each in versions.drafts()) or None


def _todos() -> list[Todo]:
    count = _waiting()
    if not count:
        return []
    return [Todo(_("复核同事拟的政策草稿"), url_for("policy.policy_versions"), count)]


def _city_id() -> int:
    return db.session.scalars(sa.select(Region.id).where(Region.code == CITY)).one()


def _may_write() -> bool:
    """Whether this member may write: the law is the city's bureau's to publish."""
    return may(require(), MANAGE) and _city_id() in require().region_ids


def _writer() -> int:
    """The id of the member who writes; 404 for everybody else."""
    actor_id = require().actor_id
    return actor_id if actor_id is not None and _may_write() else abort(404)


@dataclass(frozen=True)
class Line:
    """A version in a table."""

    version: Version
    title: str
    says: str
    document: str
    state: str
    url: str
    author: str


def _url(version: Version, verb: str = "") -> str:
    view, argument = _PAGES[type(version)]
    values: dict[str, Any] = {argument: version.id}
    return url_for(f"policy.{verb}{view}", **values)


def _lines(found: Iterable[Version], names: dict[int, str]) -> list[Line]:
    return [
        Line(
            version=version,
            title=changes.title_of(version),
            says=changes.says(version),
            document=changes.document_of(version),
            state=changes.state_of(version, today()),
            url=_url(version),
            author=names.get(version.authored_by or 0, ""),
        )
        for version in found
    ]


def _names() -> dict[int, str]:
    """The members of this bureau by their id."""
    members = sa.select(Membership.user_id, Membership.display_name)
    return dict(db.session.execute(members.where(Membership.tenant_id == require().tenant_id)).all())


def _is_shown(version: Version) -> bool:
    return not isinstance(version, PolicyParameter) or amendments.may_change(amendments.limit_of(version))


@bp.get("/desk/policy-versions")
@access.member("bureau", permission=SEE)
def policy_versions() -> str:
    """The drafts that wait, what is in force and what is to come, and what was in force before."""
    names = _names()
    published = _lines((past.version for past in versions.history() if _is_shown(past.version)), names)
    kinds: dict[str, list[Line]] = {model.noun: [] for model in versions.KINDS.values()}
    for line in published:
        if line.state != "ended":
            kinds[line.version.noun].append(line)
    for lines in kinds.values():
        lines.sort(key=lambda line: (getattr(line.version, "code", ""), line.version.valid_from))
    return render_template(
        "policy/desk/versions.html",
        drafts=_lines(versions.drafts(), names),
        kinds=kinds,
        ended=[line for line in published if line.state == "ended"],
        actor_id=require().actor_id,
        may_write=_may_write(),
    )


def _version_page(model: type[_V], version_id: int, **more: Any) -> str:
    version = _version(model, version_id)
    previous = versions.before(version)
    names = _names()
    (line,) = _lines([version], names)
    return render_template(
        "policy/desk/version.html",
        line=line,
        version=version,
        previous=previous,
        changes=changes.changes_of(version, previous),
        difference=changes.difference_of(version, previous),
        approve_url=_url(version, "approve_"),
        discard_url=_url(version, "discard_"),
        approver=names.get(version.approved_by or 0, ""),
        actor_id=require().actor_id,
        may_write=_may_write(),
        **more,
    )


def _version(model: type[_V], version_id: int) -> _V:
    version = db.session.scalar(sa.select(model).where(model.id == version_id))
    return version if version is not None else abort(404)


def _act(model: type[_V], version_id: int, act: Callable[[_V], None], done: str) -> Response:
    version = _version(model, version_id)
    url = _url(version)
    try:
        act(version)
    except DomainError as error:
        http.roll_back()
        flash(errors.message(error), "error")
        return redirect(url_for("policy.policy_versions") if error.code == "version_gone" else url, 303)
    flash(done, "success")
    return redirect(url_for("policy.policy_versions"), 303)


def _approve(model: type[_V], version_id: int) -> Response:
    actor_id = _writer()
    return _act(
        model,
        version_id,
        lambda version: versions.approve(version, actor_id=actor_id),
        _("已发布，从生效那天起执行；公开信息里可以看到。"),
    )


def _discard(model: type[_V], version_id: int) -> Response:
    _writer()
    return _act(model, version_id, versions.discard, _("草稿已删除。"))


@bp.route("/desk/policy-versions/lists/new", methods=["GET", "POST"])
@access.member("bureau", permission=MANAGE)
def new_shortage_list() -> str | Response | tuple[str, int]:
    """Upload a list as a draft; rows that cannot be taken are named one by one."""
    actor_id, form, rows, status = _writer(), ListForm(), [], 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                draft = shortage.import_list(
                    region_id=_city_id(),
                    name=str(form.name.data),
                    document_no=str(form.document_no.data),
                    valid_from=form.valid_from.data,
                    content=form.file.data.read(),
                    actor_id=actor_id,
                    takes_names=bool(form.takes_names.data),
                )
                return redirect(_url(draft), 303)
            except SheetError as error:
                http.roll_back()
                form.file.errors = [text(error.code, locale_code(), **error.params)]
            except shortage.RowsRefused as error:
                http.roll_back()
                form.file.errors = [_("文件里有 %(count)s 行有问题，改好后再上传。", count=len(error.rows))]
                rows = [
                    _("第 %(line)s 行：%(text)s", line=row.line, text=text(row.code, locale_code(), **row.params))
                    for row in error.rows[:200]
                ]
            except DomainError as error:
                status = form.refuse(error)
    return render_template("policy/desk/list_new.html", form=form, rows=rows), status


@bp.get("/desk/policy-versions/lists/<int:list_id>")
@access.member("bureau", permission=SEE)
def shortage_list(list_id: int) -> str:
    """One version of the list: its trades, and what it changes."""
    return _version_page(ShortageList, list_id, entries=shortage.entries_of(list_id))


@bp.post("/desk/policy-versions/lists/<int:list_id>/approve")
@access.member("bureau", permission=MANAGE)
def approve_shortage_list(list_id: int) -> Response:
    """Publish a colleague's draft of a list."""
    return _approve(ShortageList, list_id)


@bp.post("/desk/policy-versions/lists/<int:list_id>/discard")
@access.member("bureau", permission=MANAGE)
def discard_shortage_list(list_id: int) -> Response:
    """Throw a draft of a list away."""
    return _discard(ShortageList, list_id)


@bp.route("/desk/policy-versions/amounts/<rule_code>/new", methods=["GET", "POST"])
@access.member("bureau", permission=MANAGE)
def new_amount(rule_code: str) -> str | Response | tuple[str, int]:
    """Draft a new amount of a rule, or its end."""
    actor_id, base = _writer(), amendments.newest(SubsidyRule, code=rule_code)
    if base is None:
        abort(404)
    form, status = AmountForm(), 200
    is_percent = base.kind is RuleKind.MULTIPLIER
    if is_percent:
        del form.amount
    else:
        del form.percent
    if base.is_repeal or (base.amount_fen is None and not is_percent):
        del form.action
        given = form.percent if is_percent else form.amount
        given.description, given.flags.required = "", True
    if form.is_submitted():
        status = 422
        if form.validate():
            document: dict[str, Any] = {
                "document_no": str(form.document_no.data),
                "clause": str(form.clause.data),
                "quote": str(form.quote.data),
                "valid_from": form.valid_from.data,
                "actor_id": actor_id,
            }
            try:
                if "action" in form and form.action.data == "end":
                    draft = amendments.draft_end(base=base, **document)
                else:
                    draft = amendments.draft_amount(
                        base=base,
                        amount_fen=form.amount.data if "amount" in form else None,
                        percent=form.percent.data if "percent" in form else None,
                        **document,
                    )
                return redirect(_url(draft), 303)
            except DomainError as error:
                status = form.refuse(error)
    (line,) = _lines([base], {})
    return render_template("policy/desk/version_new.html", form=form, line=line), status


@bp.get("/desk/policy-versions/amounts/<int:amount_id>")
@access.member("bureau", permission=SEE)
def amount(amount_id: int) -> str:
    """One version of a rule's amount: what it says and what it changes."""
    return _version_page(SubsidyRule, amount_id)


@bp.post("/desk/policy-versions/amounts/<int:amount_id>/approve")
@access.member("bureau", permission=MANAGE)
def approve_amount(amount_id: int) -> Response:
    """Publish a colleague's draft of an amount."""
    return _approve(SubsidyRule, amount_id)


@bp.post("/desk/policy-versions/amounts/<int:amount_id>/discard")
@access.member("bureau", permission=MANAGE)
def discard_amount(amount_id: int) -> Response:
    """Throw a draft of an amount away."""
    return _discard(SubsidyRule, amount_id)


@bp.route("/desk/policy-versions/limits/<limit_code>/new", methods=["GET", "POST"])
@access.member("bureau", permission=MANAGE)
def new_limit(limit_code: str) -> str | Response | tuple[str, int]:
    """Draft a new number of a limit, or put it on or off."""
    actor_id, base = _writer(), amendments.newest(PolicyParameter, code=limit_code)
    if base is None or not amendments.may_change(amendments.limit_of(base)):
        abort(404)
    limit = amendments.limit_of(base)
    form, status = LimitForm(data={"number": limit.number, "action": "off" if limit.off else "on"}), 200
    if limit.bounds is None:
        del form.number
    else:
        low, high = limit.bounds
        form.number.minimum, form.number.maximum = low, high
        form.number.description = _("%(low)s 到 %(high)s 之间。", low=low, high=high)
    if not limit.switch:
        del form.action
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                draft = amendments.draft_limit(
                    base=base,
                    number=form.number.data if "number" in form else None,
                    is_on=form.action.data == "on" if "action" in form else True,
                    document_no=str(form.document_no.data),
                    clause=str(form.clause.data),
                    valid_from=form.valid_from.data,
                    actor_id=actor_id,
                )
                return redirect(_url(draft), 303)
            except DomainError as error:
                status = form.refuse(error)
    (line,) = _lines([base], {})
    return render_template("policy/desk/version_new.html", form=form, line=line), status


@bp.get("/desk/policy-versions/limits/<int:limit_id>")
@access.member("bureau", permission=SEE)
def limit(limit_id: int) -> str:
    """One version of a limit: what it says and what it changes."""
    return _version_page(PolicyParameter, limit_id)


@bp.post("/desk/policy-versions/limits/<int:limit_id>/approve")
@access.member("bureau", permission=MANAGE)
def approve_limit(limit_id: int) -> Response:
    """Publish a colleague's draft of a limit."""
    return _approve(PolicyParameter, limit_id)


@bp.post("/desk/policy-versions/limits/<int:limit_id>/discard")
@access.member("bureau", permission=MANAGE)
def discard_limit(limit_id: int) -> Response:
    """Throw a draft of a limit away."""
    return _discard(PolicyParameter, limit_id)
