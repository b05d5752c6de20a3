"""Every route says who may call it, reads like the others, and writes only when it is posted to."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

import app as package
from app.security import rule_of
from app.tenants.permissions import PERMISSIONS
from tests.support.addresses import answer, example_of, routes, url_of
from tests.support.pages import LintingClient
from tests.support.world import World

APP = Path(package.__file__).parent
SEGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)?")
ARGUMENT = re.compile(r"<(?:(?P<converter>[a-z_]+)(?:\([^)]*\))?:)?(?P<name>[a-z_]+)>")
Login = Callable[..., None]


def test_every_route_declares_its_access(app: Flask) -> None:
    undeclared = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and rule_of(app.view_functions[rule.endpoint]) is None
    ]
    assert not undeclared


def _view_functions() -> list[tuple[str, ast.FunctionDef, list[str]]]:
    """Every function under a route decorator: its place, and its decorators as written, outermost first."""
    found = []
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
                if any(re.match(r"\w+\.(route|get|post|put|patch|delete)\(", text) for text in decorators):
                    found.append((f"{path.relative_to(APP.parent)}:{node.lineno} {node.name}", node, decorators))
    return found


def test_the_access_is_declared_once_and_directly_on_the_view() -> None:
    wrong = []
    for place, _, decorators in _view_functions():
        declared = [index for index, text in enumerate(decorators) if text.startswith("access.")]
        routed = [
            i for i, text in enumerate(decorators) if re.match(r"\w+\.(route|get|post|put|patch|delete)\(", text)
        ]
        if len(declared) != 1 or declared[0] < max(routed):
            wrong.append(place)
    assert _view_functions()
    assert not wrong


def test_views_say_what_they_answer() -> None:
    assert not [place for place, node, _ in _view_functions() if not ast.get_docstring(node)]


def test_every_permission_asked_for_is_given_to_some_role_of_every_kind_named(app: Flask) -> None:
    wrong = []
    for rule, declared in routes(app):
        if declared.kind == "member" and declared.permission:
            kinds = declared.kinds or {kind.value for kind in PERMISSIONS}
            for kind, permissions in PERMISSIONS.items():
                if kind.value in kinds and not permissions.get(declared.permission):
                    wrong.append(f"{rule.endpoint}: no {kind.value} has {declared.permission}")
    assert not wrong


def test_every_permission_given_is_asked_for_somewhere(app: Flask) -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [*APP.rglob("*.py"), *APP.rglob("*.html")]
        if path.name != "permissions.py"
    )
    given = {permission for permissions in PERMISSIONS.values() for permission in permissions}
    assert not sorted(permission for permission in given if permission not in text)


def test_urls_are_kebab_case_with_typed_ids(app: Flask) -> None:
    wrong = []
    for rule, _ in routes(app):
        for segment in filter(None, rule.rule.split("/")):
            if not SEGMENT.fullmatch(ARGUMENT.sub("x", segment)):
                wrong.append(f"{rule.rule}: {segment}")
            for argument in ARGUMENT.finditer(segment):
                if argument["name"].endswith("_id") and argument["converter"] != "int":
                    wrong.append(f"{rule.rule}: {argument['name']} is not an int")
                if argument["name"] == "id":
                    wrong.append(f"{rule.rule}: say whose id")
        if rule.rule != "/" and rule.rule.endswith("/"):
            wrong.append(f"{rule.rule}: ends with a slash")
    assert not wrong


def test_a_row_is_found_below_the_plural_of_its_name(app: Flask) -> None:
    wrong = []
    for rule, _ in routes(app):
        parts = [part for part in rule.rule.split("/") if part]
        for before, part in zip(["", *parts], parts, strict=False):
            argument = ARGUMENT.fullmatch(part)
            if argument and argument["name"].endswith("_id") and not before.endswith("s"):
                wrong.append(rule.rule)
    assert not wrong


def test_every_argument_has_an_example(app: Flask) -> None:
    missing = {
        f"{rule.endpoint}: {argument}"
        for rule, _ in routes(app)
        for argument in rule.arguments
        if example_of(rule, argument) is None
    }
    assert not missing


def test_a_blueprint_belongs_to_one_room(app: Flask) -> None:
    rooms: dict[str, set[str]] = {}
    for rule, _ in routes(app):
        room = app.view_functions[rule.endpoint].__module__.removeprefix("app.").split(".")[0]
        rooms.setdefault(rule.endpoint.split(".")[0], set()).add(room)
    assert not {blueprint: found for blueprint, found in rooms.items() if len(found) > 1}


def _contents(engine: sa.Engine) -> dict[str, Any]:
    """A digest of every table but the attempt counters, which count by design."""
    with engine.connect() as connection:
        names = connection.scalars(
            sa.text(
                "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace "
                "and relname <> 'attempts' order by relname"
            )
        ).all()
        return {
            name: tuple(
                connection.execute(
                    sa.text(
                        f'select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from "{name}" t'
                    )
                ).one()
            )
            for name in names
        }


# A GET that may write, and where: taking personal data away in a file, or looking at one, leaves a trace; whoever
# looks at the searches they keep has the worker look for news of them.
MAY_WRITE = {
    "enroll.export": {"audit_entries"},
    "enroll.proof_file": {"audit_entries"},
    "catalog.saved_searches": {"procrastinate_jobs", "procrastinate_events"},
}


def test_no_get_route_writes(app: Flask, world: World, login: Login, super_engine: sa.Engine) -> None:
    before = _contents(super_engine)
    wrong = []
    for rule, declared in routes(app):
        if "GET" not in (rule.methods or ()):
            continue
        for person in world.people.values():
            if answer(rule, declared, person) != "page":
                continue
            client = app.test_client()
            if person.user is not None:
                login(client, person.user, person.tenant)
            with contextlib.suppress(Exception):  # a broken page is the access matrix's finding
                client.get(url_of(app, rule, world), lint_page=False)
        after = _contents(super_engine)
        changed = {name for name in after if after[name] != before[name]} - MAY_WRITE.get(rule.endpoint, set())
        if changed:
            wrong.append(f"{rule.endpoint}: {sorted(changed)}")
        before = after
    assert not wrong


def test_no_view_is_exempt_from_csrf() -> None:
    from app import csrf

    assert not csrf._exempt_views
    assert not csrf._exempt_blueprints


def test_a_post_without_a_token_changes_nothing_and_keeps_what_was_typed(
    app: Flask, world: World, login: Login, super_engine: sa.Engine
) -> None:
    before = _contents(super_engine)
    wrong = []
    for rule, declared in routes(app):
        if "POST" not in (rule.methods or ()):
            continue
        person = next((p for p in world.people.values() if p.user and answer(rule, declared, p) == "page"), None)
        if person is None:
            wrong.append(f"{rule.endpoint}: nobody may post")
            continue
        client = app.test_client()
        assert isinstance(client, LintingClient)
        login(client, person.user, person.tenant)
        typed = {"note": "请保留这句话", "password": "never-show-this", "new_password": "nor-this-one"}
        response = client.open(url_of(app, rule, world), method="POST", data=typed, csrf=False)
        page = response.get_data(as_text=True)
        if response.status_code != 400:
            wrong.append(f"{rule.endpoint} as {person.role}: {response.status_code}")
        elif "请保留这句话" not in page:
            wrong.append(f"{rule.endpoint}: lost what was typed")
        elif "never-show-this" in page or "nor-this-one" in page:
            wrong.append(f"{rule.endpoint}: shows the password")
    assert _contents(super_engine) == before
    assert not wrong


def test_a_form_shown_again_for_its_token_can_be_sent_as_it_is(app: Flask, client: LintingClient) -> None:
    response = client.open("/sign-in", method="POST", data={"login": "somebody"}, csrf=False)
    assert response.status_code == 400
    from bs4 import BeautifulSoup

    form = BeautifulSoup(response.get_data(as_text=True), "html.parser").find("form", attrs={"action": "/sign-in"})
    assert form is not None
    fields = {field["name"]: field.get("value", "") for field in form.find_all("input") if field.get("name")}
    assert fields["login"] == "somebody"
    again = client.open("/sign-in", method="POST", data=fields, csrf=False)
    assert again.status_code != 400
