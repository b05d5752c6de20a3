"""The WSGI entry point: refuses to serve with a database role that could see past the walls."""

from app import create_app
from app.db import db, refuse_unsafe_role
from app.seed.guard import refuse_demo

app = create_app()
with app.app_context():
    refuse_unsafe_role(db.engine)
    refuse_demo(db.engine, production=app.config["SETTINGS"].production)
    db.engine.dispose()
