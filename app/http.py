"""The request boundary: who may call, in which scope, and whether the transaction commits.

Order for every request: access rule → scope opened → view → commit (rollback on an error or a 4xx/5xx).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import flask
from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    has_request_context,
    redirect,
    render_template,
    request,
    session,
)
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response as BaseResponse

from app import errors, scope
from app.db import db
from app.security import rule_of

DESK = "desk"
LARGEST_ID = 2**63 - 1
MOST_DRAINED = 100 * 1024 * 1024
View = TypeVar("View", bound=Callable[..., Any])
login_manager = LoginManager()


class RowId(IntegerConverter):
    """`<int:…>` in every URL: a number no row can have is an unknown page, not an error of the database."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:
        super().__init__(map, *args, **{"max": LARGEST_ID, **options})


def claimed_scope(kind: str) -> scope.Scope:
    """The scope the (encrypted) session claims for a rule of this kind; the membership is checked against it."""
    user = session.get("_user_id")
    actor_id = int(user.split(":", 1)[0]) if user else None
    if kind != "member" or actor_id is None:
        return scope.Scope(actor_id=actor_id)
    claim = session.get(DESK)
    if not claim:
        return scope.Scope(actor_id=actor_id)
    return scope.Scope(
        actor_id=actor_id,
        tenant_id=claim["tenant_id"],
        tenant_kind=claim["kind"],
        role=claim["role"],
        region_ids=tuple(claim["region_ids"]),
    )


def takes_files(*, most_bytes: int, refused: Callable[..., Any]) -> Callable[[View], View]:
    """Let a view's requests be larger than others; one larger still is answered by `refused(**view_args)`.

    The form that came is then unread: what is shown is a page with a refusal on its field.
    """

    def declare(view: View) -> View:
        view.__takes_files__ = (most_bytes, refused)  # type: ignore[attr-defined]
        return view

    return declare


def _open() -> Any:
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions[request.endpoint]
    if taken := getattr(view, "__takes_files__", None):
        request.max_content_length = taken[0]
    rule = rule_of(view)
    if rule is None:
        raise RuntimeError(f"{request.endpoint} declares no access")
    stack = g.scope_stack = ExitStack()
    claimed = claimed_scope(rule.kind)
    stack.enter_context(scope.opened(claimed))
    if claimed.actor_id is not None and not current_user.is_authenticated:
        # The session names someone it no longer speaks for (a reset ended it): go on as a visitor.
        db.session.rollback()
        stack.close()
        session.pop("_user_id", None)
        session.pop(DESK, None)
        claimed = claimed_scope(rule.kind)
        stack.enter_context(scope.opened(claimed))
    if rule.kind == "anyone":
        return None
    if not current_user.is_authenticated:
        if request.method in ("GET", "HEAD"):
            return redirect(url_for("tenants.sign_in", next=request.full_path.rstrip("?")))
        return redirect(url_for("tenants.sign_in"))
    if rule.kind == "member":
        may = current_app.extensions["jiangtu_may"]
        if claimed.tenant_id is None or (rule.kinds and claimed.tenant_kind not in rule.kinds):
            abort(404)
        if not may(claimed, rule.permission):
            abort(404)
    return None


def _finish(response: Response) -> Response:
    if db.session.registry.has():
        if response.status_code < 400 and not g.get("roll_back"):
            db.session.commit()
        else:
            db.session.rollback()
    return response


def _close(_error: BaseException | None) -> None:
    stack = g.pop("scope_stack", None)
    if stack is not None:
        db.session.remove()
        stack.close()


def page_path() -> str:
    """The address of this page for a link back; after a form was posted, of the nearest that is a page."""
    path, pages = request.path, current_app.create_url_adapter(request)
    if request.method in ("GET", "HEAD") or pages is None or pages.test(path, "GET"):
        return request.full_path if request.query_string else path
    while not pages.test(path, "GET"):
        path = path.rpartition("/")[0] or "/"
    return path


def roll_back() -> None:
    """Undo what this request wrote, though it answers with a page (a refused form)."""
    db.session.rollback()


def end_when_sent(response: Response) -> None:
    """End the transaction of a page that only read once it is on its way, so that nobody waits for that.

    Whatever was written would be undone.
    """
    if db.session.registry.has():
        response.call_on_close(db.session().close)
        db.session.registry.clear()


def is_htmx() -> bool:
    """Whether htmx asks for a fragment."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def _http_error(error: HTTPException) -> BaseResponse | tuple[str, int]:
    db.session.rollback()
    code = error.code or 500
    if code < 400:
        return error.get_response()
    template = (
        f"errors/{code}.html"
        if code in (403, 404, 429, 500)
        else "errors/404.html"
        if code < 500
        else "errors/500.html"
    )
    return render_template(template, error=error), code


def _too_large(error: RequestEntityTooLarge) -> Any:
    """Answer a form that is too large in words; what is on its way is read first, else the browser shows none."""
    db.session.rollback()
    stream, left = request.environ["wsgi.input"], min(request.content_length or 0, MOST_DRAINED)
    while left > 0 and (read := len(stream.read(min(left, 1024 * 1024)))):
        left -= read
    taken = getattr(current_app.view_functions.get(request.endpoint or ""), "__takes_files__", None)
    return taken[1](**(request.view_args or {})) if taken else _http_error(error)


def _crash(error: Exception) -> tuple[str, int]:
    current_app.logger.exception("unhandled error")
    db.session.rollback()
    return render_template("errors/500.html", error=error), 500


def _domain_error(error: errors.DomainError) -> tuple[str, int]:
    db.session.rollback()
    return render_template("errors/refused.html", message=errors.message(error)), 409


def _csrf_error(_error: CSRFError) -> tuple[str, int]:
    """An expired form: show it again with a fresh token, with everything typed except passwords."""
    db.session.rollback()
    kept = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and "password" not in name
    ]
    return render_template("errors/csrf.html", action=request.full_path.rstrip("?"), kept=kept), 400


_STANDING_IN = LARGEST_ID - 1  # an id no row has, in the place of which others are put


def url_for(endpoint: str, **values: Any) -> str:
    """As Flask's; the address of a page without a value or with one row's id, or of a file, is built only once.

    A list of results has a hundred of them.
    """
    name, value = next(iter(values.items()), ("", None))
    is_row, is_file = type(value) is int and name[0] != "_", endpoint == "static" and name == "filename"
    if len(values) > 1 or not (not values or is_row or is_file) or endpoint[0] == "." or not has_request_context():
        return flask.url_for(endpoint, **values)
    kept: dict[tuple[str, str, object], list[str]] = current_app.extensions["addresses"]
    key = (request.script_root, endpoint, name if is_row else value)
    around = kept.get(key)
    if around is None:
        address = flask.url_for(endpoint, **({name: _STANDING_IN} if is_row else values))
        around = kept[key] = address.split(str(_STANDING_IN))
    return str(value).join(around)


def init_app(app: Flask) -> None:
    """Install the boundary and the error pages."""
    app.extensions["addresses"] = {}
    app.jinja_env.globals["url_for"] = url_for
    app.url_map.converters["int"] = RowId
    login_manager.init_app(app)
    app.before_request(_open)
    app.after_request(_finish)
    app.teardown_request(_close)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(errors.DomainError, _domain_error)
    if not app.testing:
        app.register_error_handler(Exception, _crash)

    @app.context_processor
    def _scope() -> dict[str, Any]:
        return {"scope": scope.current() or scope.VISITOR, "desk_claim": session.get(DESK), "page_path": page_path}
