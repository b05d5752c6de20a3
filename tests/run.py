"""What `make test` runs: every check in turn, each timed, all named at the end.

`python tests/run.py [STEP ...]` runs only those steps. Nothing is skipped silently: what cannot run on this
machine is named in the last lines, and is a failure where CI=true.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_PACKAGES = ("chromium", "fonts-wqy-microhei")
JAVA_PACKAGES = ("openjdk-25-jre-headless", "openjdk-21-jre-headless")  # the first there is
# Folders that need the machine, or a process with an app of their own, to themselves.
ALONE = ("relevance", "concurrency", "operations", "browser")
OURS = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "SECRET_KEY", "PII_KEY", "BLIND_INDEX_KEY", "DATA_DIR", "PORT")
OURS += ("HOST", "JIANGTU_ENV", "PUBLIC_URL", "SMTP_URL", "SMS_URL", "FLASK_APP", "FLASK_DEBUG", "PYTEST_ADDOPTS")


@dataclass
class Step:
    """One check: a command, or a pytest run over some folders."""

    name: str
    command: list[str]
    is_pytest: bool = False
    result: str = "not run"
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return self.result not in ("ok", "not run")

    def run(self, env: dict[str, str], scratch: Path) -> None:
        """Run it with its output on ours, and note how it went."""
        print(f"\n━━ {self.name}: {' '.join(self.command)}", flush=True)
        began = time.monotonic()
        report = scratch / f"{self.name}.xml"
        command = [str(BIN / self.command[0]), *self.command[1:]]
        if self.is_pytest:
            command += [f"--junitxml={report}", f"--basetemp={scratch / self.name}"]
        code = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, check=False).returncode
        self.seconds = time.monotonic() - began
        self.result = "ok" if code == 0 else "no tests" if self.is_pytest and code == 5 else "FAILED"
        if self.is_pytest and report.exists():
            self._read(report)

    def _read(self, report: Path) -> None:
        suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314 - written by pytest just now
        if suite is None:
            return
        total, failures, errors, skips = (int(suite.get(n, 0)) for n in ("tests", "failures", "errors", "skipped"))
        self.counts = {"passed": total - failures - errors - skips, "failed": failures + errors, "skipped": skips}
        for case in suite.iter("testcase"):
            skip = case.find("skipped")
            if skip is not None and skip.get("type") != "pytest.xfail":
                self.skipped.append(f"{case.get('classname')}::{case.get('name')} ({skip.get('message')})")


def steps() -> list[Step]:
    """Every step, in order."""
    together = [f"--ignore=tests/{name}" for name in ALONE]
    return [
        Step("lint", ["ruff", "check", "."]),
        Step("format", ["ruff", "format", "--check", "."]),
        Step("types", ["mypy"]),
        Step("imports", ["lint-imports", "--no-logo"]),
        Step("unit", ["pytest", "-q", "-n", "auto", "--dist", "loadgroup", "tests", *together], is_pytest=True),
        *(Step(name, ["pytest", "-q", f"tests/{name}"], is_pytest=True) for name in ALONE),
    ]


def find_chromium() -> str | None:
    """The browser: CHROMIUM names one, or one on PATH."""
    named = os.environ.get("CHROMIUM", "").strip()
    for name in (named, *CHROMIUM_NAMES):
        found = shutil.which(name) if name else None
        if found is not None:
            return found
    return None


def install_chromium() -> str:
    """Install it; returns why it could not be, or an empty string."""
    reason = install(CHROMIUM_PACKAGES)
    return f"no Chromium: {reason}" if reason else ""


def get_elasticsearch() -> None:
    """Have what an Elasticsearch needs, installing Java and Maven if need be; without, tests fail and say so."""
    fetch = [sys.executable, "-m", "app.elasticsearch_server", "--fetch"]
    if subprocess.run(fetch, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode:
        reason = install(("maven",), one_of=JAVA_PACKAGES)
        print(reason, flush=True)
        subprocess.run(fetch, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)


def install(packages: tuple[str, ...], *, one_of: tuple[str, ...] = ()) -> str:
    """Install system packages, and the first of some that is known; returns why it failed, or an empty string."""
    apt = shutil.which("apt-get")
    if apt is None:
        return "no apt-get to install it with"
    command = [apt, "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if os.geteuid() != 0:
        sudo = shutil.which("sudo")
        if sudo is None or subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode:
            return f"as root: apt-get install {' '.join((*packages, *one_of[:1]))}"
        command = [sudo, "-n", "DEBIAN_FRONTEND=noninteractive", *command]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *words],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    run("update")
    known = [name for name in one_of if run("--simulate", "install", name).returncode == 0]
    wanted = (*packages, *known[:1])
    print(f"\n━━ installing {' '.join(wanted)}", flush=True)
    done = run("install", "--no-install-recommends", *wanted)
    if done.returncode:
        print(done.stdout[-2000:], flush=True)
        return "installing it failed"
    return ""


def main() -> int:
    """Run the steps; 0 if all that could run passed (and, in CI, all could run)."""
    everything = steps()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=" ".join(step.name for step in everything))
    wanted = parser.parse_args().steps
    unknown = set(wanted) - {step.name for step in everything}
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}")
    chosen = [step for step in everything if not wanted or step.name in wanted]
    in_ci = os.environ.get("CI", "").lower() in ("1", "true", "yes")

    env = {name: value for name, value in os.environ.items() if name not in OURS}
    cannot: list[str] = []
    if any(step.is_pytest for step in chosen):
        get_elasticsearch()
    with tempfile.TemporaryDirectory(prefix="jt-test-") as scratch:
        for step in chosen:
            if step.name == "browser":
                reason = "" if find_chromium() else install_chromium()
                chromium = find_chromium()
                if chromium is None:
                    cannot.append(f"browser ({reason or 'no Chromium'})")
                    continue
                env["CHROMIUM"] = chromium
            step.run(env, Path(scratch))
    return summarize(chosen, cannot, in_ci=in_ci)


def summarize(chosen: list[Step], cannot: list[str], *, in_ci: bool) -> int:
    """Print how each step went, what could not run, and the counts; returns the exit code."""
    print("\n━━ summary")
    for step in chosen:
        counts = ", ".join(f"{number} {name}" for name, number in step.counts.items() if number)
        print(f"  {step.name:<12} {step.result:<8} {step.seconds:7.1f} s  {counts}".rstrip())
    cannot += [skip for step in chosen for skip in step.skipped]
    for what in cannot:
        print(f"could not run on this machine: {what}")
    failed = [step.name for step in chosen if step.failed] + (cannot if in_ci else [])
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    passed, broken, skipped = (
        sum(step.counts.get(key, 0) for step in chosen) for key in ("passed", "failed", "skipped")
    )
    print(f"{passed} passed, {broken} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
