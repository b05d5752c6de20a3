"""`python -m tests.relevance`: measure the search against the judged queries.

--write also writes the scores to hold and adds what was found now to the judgements; --queries names each query
below 1, but for those held out.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from app.elasticsearch_server import running
from app.postgres import OwnPostgres
from tests.relevance.measuring import Measured, table, write_judgements, write_scores
from tests.relevance.systems import ENGINES, measure_all


def main(arguments: list[str]) -> None:
    """Build, measure, say and perhaps write."""
    with (
        tempfile.TemporaryDirectory(prefix="jiangtu-", ignore_cleanup_errors=True) as folder,
        OwnPostgres(Path(folder) / "data", fsync=False) as server,
        running(Path(folder) / "elasticsearch") as url,
    ):
        server.ensure_roles_and_database()
        measured = measure_all(server, url, Path(folder))
    print(table(measured))
    if "--queries" in arguments:
        print_queries(measured)
    if "--write" in arguments:
        write_scores(measured)
        write_judgements(measured)


def print_queries(measured: Measured) -> None:
    """Name what is not answered as well as could be: the query, and the grades and trades found, in order."""
    for engine in ENGINES:
        for answer in sorted(measured.answers[engine], key=lambda answer: answer.score):
            query = answer.query
            if answer.score < 1 and not query.is_held_out:
                found = " ".join(f"{query.grade(card)}:{card.label}" for card in answer.cards)
                print(f"{engine} {answer.score:.3f} {query.kind} {query.text}: {found or 'nothing'}")


if __name__ == "__main__":
    main(sys.argv[1:])
