"""The searches someone keeps: 关注的搜索."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.catalog import asking
from app.catalog.blueprint import bp
from app.catalog.search import log
from app.catalog.search.models import SavedSearch
from app.catalog.services import browsing, saved_searches
from app.catalog.views import narrowing
from app.clock import today
from app.i18n import code as locale_code
from app.i18n import gettext as _
from app.security import access


@bp.get("/me/searches", endpoint="saved_searches")
@access.signed_in
def saved_searches_() -> str:
    """What is kept, what each found last, and what can be done with it."""
    saved_searches.ensure_looking()
    rows = saved_searches.list_saved()
    asked = [asking.read_address(saved.address, on=today()) for saved in rows]
    names = _names(asked)
    return render_template(
        "catalog/saved_searches.html",
        rows=[_shown(saved, each, names) for saved, each in zip(rows, asked, strict=True)],
        most=saved_searches.MOST,
    )


@bp.post("/me/searches")
@access.signed_in
def save_search() -> Response:
    """Keep the search of an address; one that finds nothing now is remembered as wished for."""
    asked = asking.read_address(request.form.get("address", ""), on=today())
    saved_searches.save_search(address=asked.address())
    if request.form.get("is_wished") == "1":
        log.wish(log.Entry(asked.q, narrowing.filters_of(asked)))
    flash(_("已保存。有新课或新班时，第二天早上告诉你。"), "success")
    return redirect(url_for("catalog.saved_searches"), 303)


@bp.post("/me/searches/<int:saved_search_id>/pause")
@access.signed_in
def pause_search(saved_search_id: int) -> Response:
    """Tell no more for now."""
    if saved_searches.pause(saved_search_id=saved_search_id) is None:
        abort(404)
    return redirect(url_for("catalog.saved_searches"), 303)


@bp.post("/me/searches/<int:saved_search_id>/resume")
@access.signed_in
def resume_search(saved_search_id: int) -> Response:
    """Tell again."""
    if saved_searches.resume(saved_search_id=saved_search_id) is None:
        abort(404)
    return redirect(url_for("catalog.saved_searches"), 303)


@bp.post("/me/searches/<int:saved_search_id>/delete")
@access.signed_in
def delete_search(saved_search_id: int) -> Response:
    """Forget a search."""
    if not saved_searches.forget(saved_search_id=saved_search_id):
        abort(404)
    flash(_("已删除。"), "success")
    return redirect(url_for("catalog.saved_searches"), 303)


def _names(asked: list[asking.Asked]) -> narrowing.Names:
    """What the choices of these searches are called."""
    return narrowing.Names(
        regions=browsing.places(),
        categories=browsing.categories() if locale_code() == "en" else {},
        institutions=browsing.institution_names({value for each in asked for value in each.institution}),
    )


def _shown(saved: SavedSearch, asked: asking.Asked, names: narrowing.Names) -> dict[str, Any]:
    since = int(saved.news_since.timestamp() * 1000) if saved.news_since else 0
    return {
        "id": saved.id,
        "title": asked.q or _("全部课程"),
        "choices": [names.choice(choice.facet, choice.value) for choice in asked.chosen],
        "url": narrowing.address(asked),
        "news": saved.news,
        "news_since": saved.news_since,
        "news_url": narrowing.address(asked, since=since, page=1),
        "is_told": saved.is_told,
        "asks_free": asked.free,
    }
