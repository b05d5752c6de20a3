"""The bureau's desk: what people say for trades, which the search understands."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app import errors, http, scope
from app.catalog.blueprint import bp
from app.catalog.forms import SynonymForm
from app.catalog.services import synonyms
from app.catalog.views.desk import Page, page_number, render
from app.errors import DomainError
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.security import access
from app.tenants.desk import register_item

register_item(
    kind="bureau", label=_l("搜索说法"), endpoint="catalog.synonyms", permission="catalog:synonym:edit", order=65
)


@bp.route("/desk/synonyms", methods=["GET", "POST"], endpoint="synonyms")
@access.member("bureau", permission="catalog:synonym:edit")
def synonyms_() -> Page:
    """The list, by text and by whether an entry is in use; the city's bureau adds to it."""
    may_edit = _may_edit()
    form, status = SynonymForm(), 200
    if form.is_submitted():
        if not may_edit:
            abort(404)
        status = 422
        if form.validate():
            try:
                added = synonyms.add_synonym(
                    region_id=synonyms.city_id(), said=str(form.said.data), meant=str(form.meant.data)
                )
                flash(_("已加上：搜“%(said)s”会找到%(meant)s。", said=added.said, meant=added.meant), "success")
                return redirect(url_for("catalog.synonyms"), 303)
            except DomainError as error:
                status = form.refuse(error)
    text = request.args.get("q", "")[:40].strip()
    is_active = request.args.get("ended") != "1"
    listed = synonyms.list_synonyms(text=text, is_active=is_active, page=page_number())
    pages = max(-(-listed.found // synonyms.PAGE_SIZE), 1)
    kept: dict[str, Any] = {"q": text or None, "ended": None if is_active else "1"}
    return render(
        "synonyms.html",
        form=form,
        listed=listed,
        text=text,
        is_active=is_active,
        may_edit=may_edit,
        names=synonyms.official_names(),
        people=synonyms.names_of(user_ids=(by for row in listed.rows for by in (row.created_by, row.ended_by))),
        page=min(page_number(), pages),
        pages=pages,
        page_url=lambda number: url_for("catalog.synonyms", **kept, page=number),
    ), status


@bp.post("/desk/synonyms/<int(max=9223372036854775807):synonym_id>/end")
@access.member("bureau", permission="catalog:synonym:edit")
def end_synonym(synonym_id: int) -> Response:
    """End an entry."""
    synonym = synonyms.own_synonym(synonym_id=synonym_id)
    if synonym is None:
        abort(404)
    try:
        synonyms.end_synonym(synonym=synonym)
        flash(_("“%(said)s”已停用。", said=synonym.said), "success")
    except DomainError as error:
        http.roll_back()
        flash(errors.message(error), "error")
    return redirect(url_for("catalog.synonyms"), 303)


def _may_edit() -> bool:
    """Whether this bureau is the city's: the list is the city's to keep."""
    return synonyms.city_id() in scope.require().region_ids
