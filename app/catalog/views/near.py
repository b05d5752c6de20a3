"""Where the visitor is: told by them in a form, kept in the encrypted session, forgotten by a button.

It is in no address, no log and no job; a search learns of it only which regions lie around it.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.catalog.blueprint import bp
from app.catalog.nearby import Spot, read_point
from app.catalog.services import browsing
from app.catalog.views import asker
from app.i18n import gettext as _
from app.security import access, safe_next


@bp.route("/courses/near", methods=["GET", "POST"])
@access.anyone
def near() -> str | tuple[str, int] | Response:
    """Tell a county, or (with script) the device's place; then back to the results."""
    places = browsing.places()
    status = 200
    if request.method == "POST":
        chosen = _read({place.code for place in places.values()})
        if chosen is not None:
            asker.keep_spot(chosen)
            return redirect(_next(), 303)
        status = 422
    spot = asker.spot()
    page = render_template(
        "catalog/near.html",
        places=places.values(),
        chosen=spot.code if spot else "",
        has_spot=spot is not None,
        next=_next(),
        is_refused=status == 422,
    )
    return page, status


@bp.post("/courses/near/forget")
@access.anyone
def forget_spot() -> Response:
    """Forget the place."""
    asker.keep_spot(None)
    flash(_("位置已清除。"), "success")
    return redirect(_next(), 303)


def _read(codes: set[str]) -> Spot | None:
    latitude, longitude = request.form.get("latitude", ""), request.form.get("longitude", "")
    if latitude and longitude:
        return read_point(latitude, longitude)
    code = request.form.get("region", "")
    return Spot(code) if code in codes else None


def _next() -> str:
    return safe_next(request.values.get("next"), url_for("catalog.search"))
