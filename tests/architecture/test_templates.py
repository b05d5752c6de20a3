"""Templates: each is used, none carries code or style of its own, and every link has somewhere to go."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from bs4 import BeautifulSoup
from flask import Flask
from jinja2 import nodes

from tests.support.database import ROOT

TEMPLATES = ROOT / "app" / "templates"
# Rendered under a name that is put together at run time: app/http.py picks the page of the status.
BY_STATUS = {"errors/403.html", "errors/404.html", "errors/429.html", "errors/500.html"}


def _names() -> set[str]:
    return {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}


def _parsed(app: Flask) -> dict[str, nodes.Template]:
    return {name: app.jinja_env.parse((TEMPLATES / name).read_text(encoding="utf-8")) for name in sorted(_names())}


def _included(app: Flask) -> dict[str, set[str]]:
    """Which templates each template names: extends, includes, imports."""
    found: dict[str, set[str]] = {}
    for name, tree in _parsed(app).items():
        kinds = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
        found[name] = {
            constant.value
            for node in tree.find_all(kinds)
            for constant in node.template.find_all(nodes.Const)  # type: ignore[attr-defined]
            if isinstance(constant.value, str)
        } | {node.template.value for node in tree.find_all(kinds) if isinstance(node.template, nodes.Const)}  # type: ignore[attr-defined]
    return found


def _rendered() -> set[str]:
    """Every literal in the app that is a template's name."""
    found = set()
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html"):
                found.add(node.value)
    return found


def test_every_template_named_exists(app: Flask) -> None:
    named = {name for names in _included(app).values() for name in names}
    assert not sorted(named - _names())
    assert not sorted(name for name in _rendered() if re.fullmatch(r"[\w/-]+\.html", name) and not _named(name))


def _named(literal: str) -> set[str]:
    """The templates a literal may stand for: a view may put its room's folder before it."""
    return {name for name in _names() if name == literal or name.endswith(f"/{literal}")}


def test_every_template_is_used(app: Flask) -> None:
    included = _included(app)
    used = set()
    waiting = {name for literal in _rendered() for name in _named(literal)} | (BY_STATUS & _names())
    while waiting:
        used |= waiting
        waiting = {name for user in waiting for name in included.get(user, set())} - used
    assert not sorted(_names() - used)


def test_no_template_has_inline_style_or_script() -> None:
    wrong = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for tag in BeautifulSoup(text, "html.parser").find_all(True):
            name = path.relative_to(TEMPLATES)
            if tag.name == "style" or tag.get("style") is not None:
                wrong.append(f"{name}: style on <{tag.name}>")
            if tag.name == "script" and tag.get("src") is None:
                wrong.append(f"{name}: inline script")
            wrong += [f"{name}: {attribute}" for attribute in tag.attrs if re.fullmatch(r"on[a-z]+", attribute)]
    assert not wrong


# These put a tag of ours around a number.
MAKES_MARKUP = {"components/seats.html"}


def test_no_template_is_marked_safe_or_reaches_another_host() -> None:
    wrong = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if re.search(r"\|\s*safe\b|autoescape false", text) and _name(path) not in MAKES_MARKUP:
            wrong.append(f"{path.relative_to(TEMPLATES)}: not escaped")
        wrong += [
            f"{path.relative_to(TEMPLATES)}: {match}"
            for match in re.findall(r"(?:src|href)=[\"']https?://[^\"']+", text)
        ]
    assert not wrong


def _name(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


def test_every_link_names_an_endpoint(app: Flask) -> None:
    wrong = []
    for name, tree in _parsed(app).items():
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "url_for" and call.args:
                for constant in _strings(call.args[0]):
                    if constant not in app.view_functions:
                        wrong.append(f"{name}:{call.lineno} {constant}")
    assert not wrong


def _strings(node: nodes.Node) -> list[str]:
    if isinstance(node, nodes.Const):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, nodes.CondExpr):
        return [*_strings(node.expr1), *(_strings(node.expr2) if node.expr2 else [])]
    return []


def test_every_link_of_the_code_names_an_endpoint(app: Flask) -> None:
    wrong = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "url_for" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and first.value not in app.view_functions:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {first.value}")
    assert not wrong


def test_desk_rails_lead_somewhere(app: Flask) -> None:
    from app.tenants import desk

    assert desk._items
    assert not [endpoint for _, endpoint in desk._items if endpoint not in app.view_functions]


def test_static_files_named_exist(app: Flask) -> None:
    wrong = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        for match in re.findall(r"url_for\('static', filename='([^']+)'\)", path.read_text(encoding="utf-8")):
            if not (Path(app.static_folder or "") / match).exists():
                wrong.append(f"{path.relative_to(TEMPLATES)}: {match}")
    assert not wrong
