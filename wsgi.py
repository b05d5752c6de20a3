"""The WSGI entry point: refuses to serve with a database role that could see past the walls."""

import gc

from app import create_app
from app.db import db, refuse_unsafe_role
from app.seed.guard import refuse_demo

app = create_app()
with app.app_context():
    refuse_unsafe_role(db.engine)
    refuse_demo(db.engine, production=app.config["SETTINGS"].production)
    db.engine.dispose()

# What stands by now stays: the collector need not walk it again, nor stop a page for every 700 new objects.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
