"""The WSGI entry point: refuses to serve with a database role that could see past the walls."""

import gc

from werkzeug.wsgi import ClosingIterator

from app import create_app
from app.db import db, refuse_unsafe_role
from app.seed.guard import refuse_demo

YOUNG = 2_000  # objects not looked at yet
OLDER = 20  # rounds of the younger after which the older are looked at too

app = create_app()
with app.app_context():
    refuse_unsafe_role(db.engine)
    refuse_demo(db.engine, production=app.config["SETTINGS"].production)
    db.engine.dispose()


def tidy() -> None:
    """Collect what is left of requests, if there is enough of it."""
    young, middle, old = gc.get_count()
    if young > YOUNG:
        gc.collect(2 if old > OLDER else 1 if middle > OLDER else 0)


# What stands by now stays: the collector need not walk it again. It works between two requests, once the answer is
# on its way, and stops no page.
gc.collect()
gc.freeze()
gc.disable()
_answer = app.wsgi_app
app.wsgi_app = lambda environ, start: ClosingIterator(_answer(environ, start), tidy)  # type: ignore[method-assign, assignment]
