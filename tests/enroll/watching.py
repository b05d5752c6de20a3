"""Everything an outsider of a learner's papers can get hold of: pages, files, answers to forms, and rows by SQL.

What is found is text under a name. What may differ between two runs of the same things (tokens, times of day) is
evened out; nothing else is.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import openpyxl
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app import scope
from app.db import db
from app.security import AccessRule
from app.tenants.models import Role
from app.tenants.permissions import PERMISSIONS
from tests.enroll.secrecy import Town
from tests.support.addresses import SENDS_ON, routes, url_of

Found = dict[str, str]
TAB_OF = {
    "waiting": "waitlist",
    "refused": "ended",
    "withdrawn": "ended",
    "ran_out": "ended",
    "cancelled": "ended",
}
ENGLISH = {"Accept-Language": "en"}
TOKENS = re.compile(r"[\w.-]{36,}")
TIMES = re.compile(r"(?<!\d)\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?([+-]\d{2}:\d{2})?(?!\d)")
VERSION = re.compile(r"\b1[78]\d{14}\b")  # of an index document: microseconds of Unix time
INSTANT = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")


def even(text: str) -> str:
    """The text without tokens, times of day and version numbers."""
    return VERSION.sub("VERSION", TIMES.sub("TIME", TOKENS.sub("TOKEN", text)))


def as_text(response: TestResponse) -> str:
    """A response down to its headers, as far as it is not chance."""
    if response.mimetype.endswith("spreadsheetml.sheet"):
        book = openpyxl.load_workbook(io.BytesIO(response.get_data()))
        body = "\n".join(str([cell.value for cell in row]) for sheet in book for row in sheet.rows)
    else:
        body = response.get_data(as_text=True)
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers if name != "Content-Length")
    return even(f"{response.status}\n{headers}\n\n{body}")


def outsiders(town: Town) -> dict[str, tuple[Any, Any]]:
    """Who must not learn a group: every role of the institution, and of every other kind of organisation."""
    people = town.world.people
    staff = {"owner": people["institution"].user, "teacher": people["colleague"].user, **town.staff}
    others = ("other_institution", "enterprise", "other_enterprise", "assessor", "nobody")
    return {
        **{role: (user, town.place) for role, user in staff.items()},
        **{role: (people[role].user, people[role].tenant) for role in others},
    }


def look_at_pages(town: Town) -> Iterator[tuple[str, str]]:
    """Every GET route of the URL map as everybody: what they may see; as the owner also what they may not."""
    for role, (user, tenant) in outsiders(town).items():
        client = town.sit(user, tenant)
        for rule, declared in routes(town.app):
            is_ours = declared.kind == "member" and is_allowed(declared, role, town)
            if "GET" not in (rule.methods or ()) or not (is_ours or role in ("owner", "nobody")):
                continue
            url = url_of(town.app, rule, town.world)
            asking = town.sit(user, tenant) if rule.endpoint in SENDS_ON else client
            yield f"{role} GET {rule.endpoint}", as_text(asking.get(url, lint_page=False))
            if is_ours and role == "owner":
                part = client.get(url, headers={"HX-Request": "true"}, lint_page=False)
                yield f"{role} GET {rule.endpoint} by htmx", as_text(part)


def is_allowed(declared: AccessRule, role: str, town: Town) -> bool:
    """Whether the role's permissions open a desk's page."""
    _user, tenant = outsiders(town)[role]
    if tenant is None or (declared.kinds and tenant.kind.value not in declared.kinds):
        return False
    held = Role(role) if role in set(Role) else Role.OWNER
    return declared.permission is None or held in PERMISSIONS[tenant.kind].get(declared.permission, frozenset())


def look_at_rosters(town: Town) -> Iterator[tuple[str, str]]:
    """The lists of every run, narrowed, in both languages and as files; and the form on them."""
    client = town.sit(town.world.people["institution"].user, town.place)
    strangers = town.sit(*outsiders(town)["other_institution"])
    for (way, fate), runs in town.runs.items():
        for half, run in enumerate(runs):
            name, base = f"{way} {fate} {half}", f"/desk/runs/{run.id}/roster"
            yield f"strangers at {name}", as_text(strangers.get(base, lint_page=False))
            if way == "elsewhere":
                continue
            tab = TAB_OF.get(fate, "roster")
            for narrowed in ("", "&papers=verified", "&papers=pending", "&answer=yes")[: None if half else 1]:
                yield (
                    f"roster {name} {narrowed}",
                    as_text(client.get(f"{base}?tab={tab}{narrowed}", lint_page=False)),
                )
            yield f"csv {name}", as_text(client.get(f"{base}.csv?tab={tab}"))
            everyone = [row for ids in town.ids(way, fate) for row in ids]
            data = {"action": "refuse", "enrollment_id": everyone}
            sent = client.post(f"/desk/runs/{run.id}/decisions", data=data, lint_page=False)
            yield f"form {name}", as_text(sent) + told(client)
            if half:
                data = {"action": "admit", "enrollment_id": everyone[:1]}  # not of this run
                sent = client.post(f"/desk/runs/{run.id}/decisions", data=data)
                yield f"error {name}", as_text(sent) + told(client)
                yield f"english {name}", as_text(client.get(f"{base}?tab={tab}", headers=ENGLISH, lint_page=False))
                yield f"xlsx {name}", as_text(client.get(f"{base}.xlsx?tab={tab}"))


def told(client: Any) -> str:
    """The messages that wait for the next page."""
    with client.session_transaction() as session:
        return str(session.pop("_flashes", ""))


def try_every_form(town: Town) -> Iterator[tuple[str, str]]:
    """Every POST route with an empty form: pages, refusals and errors."""
    for role in ("owner", "other_institution"):
        user, tenant = outsiders(town)[role]
        for rule, _declared in routes(town.app):
            if "POST" in (rule.methods or ()):
                client = town.sit(user, tenant)
                sent = client.post(url_of(town.app, rule, town.world), lint_page=False)
                yield f"{role} POST {rule.endpoint}", as_text(sent) + told(client)


def look_with_sql(town: Town) -> Iterator[tuple[str, str]]:
    """Every row of every table that the app's role reads in somebody's scope, as it lies there."""
    for role in ("owner", "other_institution", "enterprise", "nobody"):
        user, tenant = outsiders(town)[role]
        opened = scope.Scope(
            actor_id=user.id if user else None,
            tenant_id=tenant.id if tenant else None,
            tenant_kind=tenant.kind.value if tenant else None,
        )
        with town.app.app_context(), scope.opened(opened):
            names = db.session.scalars(
                sa.text(
                    "select relname from pg_class where relkind in ('r', 'v', 'm') and "
                    "relnamespace = 'public'::regnamespace and has_table_privilege(oid, 'select') order by relname"
                )
            ).all()
            for name in names:
                rows = db.session.scalars(sa.text(f'select to_jsonb(t) from "{name}" t'))
                yield f"{role} SELECT {name}", "\n".join(sorted(_plain(row) for row in rows))
            db.session.rollback()


def _plain(row: dict[str, Any]) -> str:
    """A row without what is chance: of encrypted bytes the length stays, of instants which are the same."""
    instants: dict[str, str] = {}
    shown = {}
    for name, value in row.items():
        if isinstance(value, str) and value.startswith("\\x"):
            shown[name] = f"{len(value)} sealed"
        elif isinstance(value, str) and INSTANT.match(value):
            shown[name] = instants.setdefault(value, f"instant {len(instants)}")
        else:
            shown[name] = value
    return even(json.dumps(shown, ensure_ascii=False, sort_keys=True))


def look_around(town: Town) -> Found:
    """All of it; the rows of the examples in URLs are the cohorts' own."""
    rows = town.world.rows
    rows.run = town.runs["shown", "applied"][0]
    found: Found = {}
    for source in (look_with_sql, look_at_pages, look_at_rosters, try_every_form):
        found |= {f"{source.__name__}: {name}": text for name, text in source(town)}
    return found
