"""The web process collects garbage between requests: it stops no page, and nothing piles up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.database import ROOT, Database

LOOK = """
import gc, weakref
import wsgi

class Node:
    def __init__(self):
        self.other = self

@wsgi.app.before_request
def _watch():
    seen.append(gc.isenabled())

seen = []
client = wsgi.app.test_client()
for number in range(200):
    nodes = [Node() for _ in range(1000)]
    last = weakref.ref(nodes[-1])
    del nodes
    client.get("/sign-in").close()
left = sum(isinstance(each, Node) for each in gc.get_objects())
print(len(seen), any(seen), gc.isenabled(), gc.get_count()[0] <= wsgi.YOUNG, left < 60_000, left)
"""


def test_the_collector_rests_while_a_page_is_made_and_works_in_between(database: Database, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=ROOT, env=database.environment(tmp_path), capture_output=True, text=True
    )
    assert done.stdout.split()[:5] == ["200", "False", "True", "True", "True"], done.stdout + done.stderr[-2000:]
