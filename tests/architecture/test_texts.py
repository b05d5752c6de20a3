"""What the app says: every code has its text, and every text its translation."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask import Flask

from tests.support.database import ROOT

PO = ROOT / "app" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
KEYWORDS |= {"_n": (1, 2), "pgettext": ((1, "c"), 2)}


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _first(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def test_every_refusal_has_a_text(app: Flask) -> None:
    from app import errors

    raised = [(place, code) for place, call in _calls() if _is(call, "DomainError") and (code := _first(call))]
    assert raised
    assert not [f"{place} {code}" for place, code in raised if code not in errors.registered()]
    assert not [f"{place} {code}" for place, code in raised if not re.fullmatch(r"[a-z][a-z0-9_]*", code)]


def _is(call: ast.Call, *names: str) -> bool:
    return ast.unparse(call.func) in {prefix + name for name in names for prefix in ("", "errors.")}


def test_every_refusal_gives_its_text_what_it_needs(app: Flask) -> None:
    from app import errors

    texts = errors.registered()
    wrong = []
    for place, call in _calls():
        code = _first(call)
        if not _is(call, "DomainError") or code not in texts or any(k.arg is None for k in call.keywords):
            continue
        given = {keyword.arg for keyword in call.keywords} - {"field"}
        needed = set(re.findall(r"%\((\w+)\)", str(texts[code])))
        if needed - given:
            wrong.append(f"{place} {code} lacks {sorted(needed - given)}")
    assert not wrong


def test_every_notice_has_its_texts(app: Flask) -> None:
    from app import notifications

    sent = []
    for place, call in _calls():
        if ast.unparse(call.func) == "notifications.send" and len(call.args) > 1:
            kind = call.args[1]
            if isinstance(kind, ast.Constant):
                sent.append((place, str(kind.value)))
    assert not [f"{place} {kind}" for place, kind in sent if kind not in notifications.kinds()]


def test_every_job_enqueued_exists(app: Flask) -> None:
    from app import jobs

    wrong = [
        f"{place} {name}"
        for place, call in _calls()
        if ast.unparse(call.func) in ("jobs.enqueue", "enqueue") and (name := _first(call))
        if name not in jobs.queue.tasks
    ]
    sql = (ROOT / "migrations" / "sql" / "seats.sql").read_text(encoding="utf-8")
    wrong += [name for name in re.findall(r"'default', '([\w.]+)'", sql) if name not in jobs.queue.tasks]
    assert not wrong


def test_audit_tags_are_a_noun_and_what_happened_to_it() -> None:
    tags = [
        (place, tag)
        for place, call in _calls()
        if ast.unparse(call.func) == "audit.record" and (tag := _first(call))
    ]
    sql = (ROOT / "migrations" / "sql" / "seats.sql").read_text(encoding="utf-8")
    tags += [("seats.sql", tag) for tag in re.findall(r"'(\w+\.\w+ed)'", sql)]
    irregular = {
        "sent",
        "put",
        "set",
        "begun",
        "made",
        "taken",
        "given",
        "withdrawn",
        "reset",
        "shown",
        "forgotten",
    }
    wrong = []
    for place, tag in tags:
        match = re.fullmatch(r"[a-z]+(?:_[a-z]+)*\.([a-z]+(?:_[a-z]+)*)", tag)
        if match is None or not any(word.endswith("ed") or word in irregular for word in match[1].split("_")):
            wrong.append(f"{place} {tag}")
    assert tags
    assert not wrong


def _extracted() -> Catalog:
    catalog = Catalog()
    with (ROOT / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)
    # Only app/ is read, so that a virtual environment beside it is not walked through.
    methods = [(pattern.removeprefix("app/"), method) for pattern, method in methods]
    options = {pattern.removeprefix("app/"): value for pattern, value in options.items()}
    for _file, _line, message, _comments, context in extract_from_dir(ROOT / "app", methods, options, KEYWORDS):
        catalog.add(message, context=context)
    return catalog


@pytest.fixture(scope="module")
def translated() -> Catalog:
    """The committed English catalog."""
    assert PO.exists(), "no app/translations/en: run `make translations`"
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def _ids(catalog: Catalog) -> set[tuple[object, str | None]]:
    return {(message.id, message.context) for message in catalog if message.id}


def test_texts_are_extracted_from_code_and_templates() -> None:
    assert len(_ids(_extracted())) > 100


def test_the_catalog_holds_every_text_and_no_other(translated: Catalog) -> None:
    source, committed = _ids(_extracted()), _ids(translated)
    assert not sorted(map(str, source - committed)), "new texts: run `make translations`"
    assert not sorted(map(str, committed - source)), "texts that are gone: run `make translations`"


def test_every_text_is_translated(translated: Catalog) -> None:
    def is_empty(string: object) -> bool:
        return not string or (isinstance(string, tuple | list) and not all(string))

    assert not [
        str(message.id) for message in translated if message.id and (message.fuzzy or is_empty(message.string))
    ]


def test_translations_keep_their_placeholders(translated: Catalog) -> None:
    wrong = []
    for message in translated:
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple | list) else (message.id,)
        targets = message.string if isinstance(message.string, tuple | list) else (message.string,)
        needed = set(re.findall(r"%\((\w+)\)[sd]|%%", " ".join(sources)))
        for target in targets:
            if set(re.findall(r"%\((\w+)\)[sd]|%%", target)) != needed:
                wrong.append(str(message.id))
    assert not wrong


def test_translations_are_english(translated: Catalog) -> None:
    """Names of people's own making stay as written; the interface's texts do not stay Chinese."""
    allowed = re.compile(r"匠途|中文|示例|〔|〕")
    wrong = []
    for message in translated:
        for target in message.string if isinstance(message.string, tuple | list) else (message.string,):
            if message.id and re.search(r"[\u4e00-\u9fff]", allowed.sub("", target or "")):
                wrong.append(target)
    assert not wrong


def test_the_compiled_catalog_is_up_to_date(translated: Catalog) -> None:
    compiled = PO.with_suffix(".mo")
    assert compiled.exists(), "no messages.mo: run `pybabel compile -d app/translations`"
    expected = io.BytesIO()
    write_mo(expected, translated)
    expected.seek(0)
    with compiled.open("rb") as file:
        committed = read_mo(file)
    assert _strings(committed) == _strings(read_mo(expected))


def _strings(catalog: Catalog) -> set[tuple[str, str]]:
    return {(str(message.id), str(message.string)) for message in catalog if message.id}


def test_no_chinese_stands_in_a_template_outside_a_text(app: Flask) -> None:
    wrong = []
    for path in sorted((ROOT / "app" / "templates").rglob("*.html")):
        if path.name == "language.html":
            continue  # each language is named in itself
        text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        plain = re.sub(r"\{%-?\s*trans.*?endtrans\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
        wrong += [f"{_name(path)}: {match}" for match in re.findall(r"[\u4e00-\u9fff][^\n<]*", plain)]
    assert not wrong


def _name(path: Path) -> str:
    return path.relative_to(ROOT / "app" / "templates").as_posix()
