"""Every route, asked by everybody: what they get follows from what the route declares."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.architecture.test_routes import _contents
from tests.support.addresses import Visit, answer, example_of, routes, url_of, visits
from tests.support.world import World

Login = Callable[..., None]


def _got(response: TestResponse) -> str:
    if response.status_code in (301, 302, 303, 307, 308):
        return "sign-in" if response.headers["Location"].startswith("/sign-in") else "page"
    if response.status_code == 404:
        return "not-found"
    return "page" if response.status_code == 200 else str(response.status_code)


def test_every_get_route_answers_everybody_as_it_declares(app: Flask, world: World, login: Login) -> None:
    wrong = []
    asked = 0
    for rule, declared in routes(app):
        if "GET" not in (rule.methods or ()):
            continue
        url = url_of(app, rule, world)
        for person in world.people.values():
            client = app.test_client()
            if person.user is not None:
                login(client, person.user, person.tenant)
            try:
                got = _got(client.get(url))
            except Exception as error:
                got = f"{type(error).__name__}: {str(error)[:300]}"
            expected = answer(rule, declared, person)
            asked += 1
            if got != expected:
                wrong.append(f"{rule.endpoint} {url} as {person.role}: {got}, not {expected}")
    assert asked > 100
    assert not wrong, "\n" + "\n".join(wrong)


def test_nobody_without_a_right_can_post_anything_anywhere(
    app: Flask, world: World, login: Login, super_engine: sa.Engine
) -> None:
    """Another tenant, another person, a wrong role: 404; nobody: sign in; and no row changes."""
    before = _contents(super_engine)
    wrong = []
    for rule, declared in routes(app):
        if "POST" not in (rule.methods or ()):
            continue
        url = url_of(app, rule, world)
        for person in world.people.values():
            expected = answer(rule, declared, person)
            if expected == "page":
                continue
            client = app.test_client()
            if person.user is not None:
                login(client, person.user, person.tenant)
            try:
                got = _got(client.post(url, data={}))
            except Exception as error:
                got = f"{type(error).__name__}: {str(error)[:300]}"
            if got != expected:
                wrong.append(f"{rule.endpoint} {url} as {person.role}: {got}, not {expected}")
        after = _contents(super_engine)
        if after != before:
            wrong.append(f"{rule.endpoint} wrote {[name for name in after if after[name] != before[name]]}")
            before = after
    assert not wrong, "\n" + "\n".join(wrong)


def test_an_empty_or_absurd_form_is_never_a_crash(app: Flask, world: World, login: Login) -> None:
    """Whoever may post gets a page or is sent on, whatever the form holds."""
    from bs4 import BeautifulSoup

    absurd = ["", "\x00", "'", "9" * 40, "-1", "2026-13-45", "😀" * 300, "<script>"]
    wrong = []
    for rule, declared in routes(app):
        if "POST" not in (rule.methods or ()):
            continue
        url = url_of(app, rule, world)
        for person in world.people.values():
            if person.user is None or answer(rule, declared, person) != "page":
                continue
            client = app.test_client()
            login(client, person.user, person.tenant)
            names = set()
            if "GET" in (rule.methods or ()):
                page = BeautifulSoup(client.get(url, lint_page=False).get_data(as_text=True), "html.parser")
                fields = page.select("main input[name], main select[name], main textarea[name]")
                names = {str(field["name"]) for field in fields} - {"csrf_token"}
            for value in absurd if names else [""]:
                login(client, person.user, person.tenant)
                try:
                    status = client.post(url, data=dict.fromkeys(names, value)).status_code
                except Exception as error:
                    what = f"{type(error).__name__} {error!s:.200}"
                    wrong.append(f"{rule.endpoint} as {person.role} with {value[:8]!r}: {what}")
                    break
                if status >= 500:
                    wrong.append(f"{rule.endpoint} as {person.role} with {value[:8]!r}: {status}")
                    break
            break
    assert not wrong, "\n" + "\n".join(wrong)


def _without(app: Flask, rule: Rule, world: World, missing: int) -> str:
    values = {a: missing if a.endswith("_id") else example_of(rule, a).value(world.rows) for a in rule.arguments}  # type: ignore[union-attr]
    path = re.sub(r"<(?:[^:<>]+:)?([a-z_]+)>", lambda match: str(values[match[1]]), rule.rule)
    return str(path)


def test_absurd_query_strings_are_never_a_crash(app: Flask, world: World, login: Login) -> None:
    absurd = ["", "\x00", "'", "9" * 40, "-1", "0", "²", "😀" * 50, "(", "%", "1,,2"]
    names = ["q", "page", "category", "region", "level", "mode", "state", "sort", "trade", "starts", "starts_on"]
    names += [
        "form",
        "free",
        "next",
        "kind",
        "on",
        "run",
        "course",
        "course_id",
        "run_id",
        "region_id",
        "tenant_id",
    ]
    wrong = []
    for rule, declared in routes(app):
        if "GET" not in (rule.methods or ()):
            continue
        person = next((p for p in world.people.values() if answer(rule, declared, p) == "page"), None)
        if person is None:
            continue
        for value in absurd:
            client = app.test_client()
            if person.user is not None:
                login(client, person.user, person.tenant)
            try:
                status = client.get(
                    url_of(app, rule, world), query_string=dict.fromkeys(names, value), lint_page=False
                ).status_code
            except Exception as error:
                wrong.append(f"{rule.endpoint} with {value[:8]!r}: {type(error).__name__} {error!s:.200}")
                break
            if status >= 500:
                wrong.append(f"{rule.endpoint} with {value[:8]!r}: {status}")
                break
    assert not wrong, "\n" + "\n".join(wrong)


def test_unknown_ids_get_a_page_that_helps(app: Flask, world: World, login: Login) -> None:
    wrong = []
    for rule, declared in routes(app):
        ids = [argument for argument in rule.arguments if argument.endswith("_id")]
        if "GET" not in (rule.methods or ()) or not ids:
            continue
        person = next((p for p in world.people.values() if answer(rule, declared, p) == "page"), None)
        if person is None:
            continue
        for missing in (0, 987654321, 2**63, 10**30):
            client = app.test_client()
            if person.user is not None:
                login(client, person.user, person.tenant)
            try:
                response = client.get(_without(app, rule, world, missing))
            except Exception as error:
                wrong.append(f"{rule.endpoint} {missing}: {type(error).__name__} {error!s:.160}")
                continue
            if response.status_code != 404 or "<h1" not in response.get_data(as_text=True):
                wrong.append(f"{rule.endpoint} {missing} as {person.role}: {response.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_visits_reach_every_page(app: Flask, world: World, make: object) -> None:
    found: list[Visit] = visits(make, app, world)  # type: ignore[arg-type]
    assert {visit.role for visit in found} == set(world.people)
    assert len({visit.url for visit in found}) > 10
