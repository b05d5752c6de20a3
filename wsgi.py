"""The WSGI entry point: refuses to serve with a database role that could see past the walls."""

import gc
from collections.abc import Iterable
from typing import Any

from werkzeug.wsgi import ClosingIterator

from app import create_app
from app.db import db, refuse_unsafe_role
from app.seed.guard import refuse_demo

YOUNG = 2_000  # objects the collector has not looked at yet
OLDER = 20  # rounds of the younger after which the older are looked at too

app = create_app()
with app.app_context():
    refuse_unsafe_role(db.engine)
    refuse_demo(db.engine, production=app.config["SETTINGS"].production)
    db.engine.dispose()

# What stands by now stays: the collector need not walk it again.
gc.collect()
gc.freeze()
_answer = app.wsgi_app


def _serve(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """Answer with the collector at rest: it works between two requests, once the answer is on its way."""
    gc.disable()
    return ClosingIterator(_answer(environ, start), _tidy)


def _tidy() -> None:
    """Collect what requests left behind, if there is enough of it."""
    young, middle, old = gc.get_count()
    if young > YOUNG:
        gc.collect(2 if old > OLDER else 1 if middle > OLDER else 0)
    gc.enable()


app.wsgi_app = _serve  # type: ignore[method-assign, assignment]
