"""How the code is laid out: what each kind of module may know, and what nobody may write."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.database import ROOT

APP = ROOT / "app"
ROOMS = ("tenants", "policy", "catalog", "enroll")
LONGEST = 400
# Longer on purpose, with why.
LONG = {
    "app/postgres.py": "one server's life in one place",
    "app/supervisor.py": "one process tree in one place",
}
BINARY = {".png", ".jpg", ".ico", ".woff2", ".gz", ".xlsx", ".mo", ".webp"}


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _modules(*patterns: str) -> list[Path]:
    return sorted({path for pattern in patterns for path in APP.glob(pattern)})


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _wrong_imports(paths: list[Path], *forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in paths
        for name in _imports(path)
        if name.split(".")[0] in forbidden
    ]


def test_services_and_rules_know_no_web() -> None:
    """Services of tenants lie beside its models: accounts, members and so on."""
    paths = _modules("*/services.py", "*/services/*.py", "*/rules.py", "*/rules/*.py", "catalog/search/*.py")
    paths.remove(APP / "catalog" / "search" / "commands.py")
    paths += [
        APP / "tenants" / f"{name}.py" for name in ("accounts", "members", "organisations", "resets", "logins")
    ]
    assert len(paths) > 10
    assert not _wrong_imports(paths, "flask", "flask_login", "flask_wtf", "wtforms", "werkzeug")


def test_services_do_not_commit() -> None:
    wrong = []
    for path in _modules("**/*.py"):
        name = str(path.relative_to(ROOT))
        # The boundaries: a request, a job, a command; reindexing commits each batch.
        boundaries = {"app/http.py", "app/jobs.py", "app/cli.py", "app/catalog/search/commands.py"}
        jobs = {"app/catalog/jobs.py", "app/catalog/engine_jobs.py"}
        if name in boundaries | jobs or name.startswith("app/seed/"):
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("session.commit"):
                wrong.append(f"{name}:{node.lineno}")
    assert not wrong


def test_services_are_called_by_keyword() -> None:
    """All but the one thing a service is about is named."""
    wrong = []
    for path in _modules("*/services.py", "*/services/*.py"):
        for node in _tree(path).body:
            is_service = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
            if isinstance(node, ast.FunctionDef) and is_service and len(node.args.args) > 1:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not wrong


def test_pure_modules_know_no_database() -> None:
    pure = [*_modules("*/rules.py", "*/rules/*.py")]
    pure += [
        APP / "policy" / f"{name}.py" for name in ("evaluator", "rulebook", "facts", "verdict", "amounts", "ages")
    ]
    assert not _wrong_imports(
        [path for path in pure if path.exists()], "sqlalchemy", "flask_sqlalchemy", "psycopg"
    )
    # A rule takes the day as an argument.
    assert not [
        str(path.relative_to(ROOT))
        for path in pure
        if path.exists() and re.search(r"\b(today|now)\(\)", path.read_text(encoding="utf-8"))
    ]


def test_one_module_reads_the_clock() -> None:
    wrong = []
    for path in _modules("**/*.py"):
        if path.name == "clock.py":
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if re.search(r"\b(date\.today|datetime\.now|datetime\.utcnow|datetime\.today)$", called):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {called}")
    assert not wrong


def test_money_is_never_a_float() -> None:
    wrong = []
    for path in _modules("**/*.py"):
        for node in ast.walk(_tree(path)):
            text = ast.unparse(node) if isinstance(node, ast.BinOp | ast.Call | ast.AnnAssign) else ""
            if "_fen" not in text:
                continue
            if (
                (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))
                or (isinstance(node, ast.Call) and ast.unparse(node.func) == "float")
                or (
                    isinstance(node, ast.AnnAssign)
                    and "_fen" in ast.unparse(node.target)
                    and "float" in ast.unparse(node.annotation)
                )
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {text[:60]}")
    templates = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in APP.glob("templates/**/*.html")
        for match in re.finditer(r"\w*_fen\s*/\s*\d+", path.read_text(encoding="utf-8"))
    ]
    assert not wrong + templates


def test_files_stay_readable() -> None:
    files = [*APP.rglob("*.py"), *APP.glob("templates/**/*.html"), *(ROOT / "tests").rglob("*.py")]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert {name: lines for name, lines in long.items() if name not in LONG} == {}
    assert set(LONG) <= set(long), "no longer long: take it off the list"


def test_no_room_is_named_for_nothing() -> None:
    forbidden = {"core", "utils", "util", "common", "helpers", "helper", "misc", "shared", "lib", "base_utils"}
    assert not [str(path.relative_to(ROOT)) for path in APP.rglob("*") if path.stem in forbidden]


def test_every_module_says_what_it_is() -> None:
    assert not [
        str(path.relative_to(ROOT))
        for path in [*APP.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(_tree(path))
    ]


def _committed() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = done.stdout.splitlines() if done.returncode == 0 else []
    paths = [ROOT / name for name in names] or [
        path for path in ROOT.rglob("*") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    ]
    return [
        path for path in paths if path.is_file() and path.suffix not in BINARY and "node_modules" not in path.parts
    ]


def test_the_repository_speaks_only_of_itself() -> None:
    # Written in parts, so that this file does not name what it looks for.
    words = ["/" + "work/", "/" + "root/", "shared/" + "design", "shared/" + "policy", "/" + "home/"]
    wrong = []
    for path in _committed():
        text = path.read_text(encoding="utf-8", errors="ignore")
        wrong += [
            f"{path.relative_to(ROOT)}: {word}" for word in words if word in text and "vendor" not in path.parts
        ]
        if path.suffix == ".md" and "/" + "tmp/" in text:
            wrong.append(f"{path.relative_to(ROOT)}: a temporary folder")
    assert not wrong


def test_lock_files_name_no_registry() -> None:
    wrong = []
    for name in ("requirements.txt", "requirements-test.txt", "package-lock.json", ".npmrc"):
        text = (ROOT / name).read_text(encoding="utf-8")
        wrong += [
            f"{name}: {match}"
            for match in re.findall(r"(?:--(?:extra-)?index-url|\"resolved\"|registry=).*", text)
        ]
        if name.startswith("requirements"):
            wrong += [f"{name}: {match}" for match in re.findall(r"https?://\S+", text)]
            assert "--hash=sha256:" in text
    assert not wrong
