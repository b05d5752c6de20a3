"""What may be meant by what is being typed, as the list below the box."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request, url_for

from app.catalog.blueprint import bp
from app.catalog.search.contract import LONGEST_TEXT, Suggestion
from app.catalog.services import browsing
from app.i18n import lazy_gettext as _l
from app.security import access

KINDS = {"trade": _l("工种"), "course": _l("课程"), "institution": _l("机构")}


@bp.get("/courses/suggestions")
@access.anyone
def suggestions() -> Response:
    """Trades, courses and institutions that begin with what was typed, by character, pinyin or initials."""
    typed = request.args.get("q", "")[:LONGEST_TEXT].strip()
    found = browsing.suggest(typed) if typed else []
    page = render_template("catalog/_suggestions.html", suggestions=[_shown(each) for each in found])
    response = make_response(page)
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


def _shown(suggestion: Suggestion) -> dict[str, Any]:
    if suggestion.kind == "institution":
        url = url_for("catalog.search", institution=suggestion.ref)
    else:
        url = url_for("catalog.search", q=suggestion.text)
    return {"kind": KINDS[suggestion.kind], "label": suggestion.text, "url": url}
