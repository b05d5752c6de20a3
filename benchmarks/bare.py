"""The yardstick: a bare Flask app on the same database, with one SELECT page and one INSERT view."""

from __future__ import annotations

import os

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)


@app.get("/")
def page() -> str:
    """One SELECT, one line of HTML."""
    row = db.session.execute(sa.text("select id, name from bare where id = 1")).one()
    return f"<!doctype html><title>bare</title><h1>{row.id} {row.name}</h1>"


@app.post("/")
def insert() -> str:
    """One INSERT, one commit."""
    db.session.execute(sa.text("insert into bare (name) values ('bare')"))
    db.session.commit()
    return "ok"
