"""`make bench`: what the pages and the enrollment cost beside bare Flask, as ratios within this run."""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import create_app
from benchmarks import load, world
from tests.factories import Make

ROUNDS = 3
PAGE_ROUNDS = 9
PAGE_SECONDS = 2.0
WARM_UP = 200
APPLICANTS = 1000
SPREAD = 100
ANSWERS = {
    "situations": "registered_unemployed",
    "age_band": "16_49",
    "residence": "hukou",
    "same_trade_level_before": "no",
    "used_this_year": "0",
}


def show(name: str, ours: float, bare: float, wanted: float | None = None) -> None:
    """One line: both rates, their ratio, and where the product promises one, whether it holds."""
    ratio = ours / bare
    promise = ""
    if wanted is not None:
        promise = f"  (wanted ≥ {wanted:.2f}: {'holds' if ratio >= wanted else 'FALLS SHORT'})"
    print(f"{name:<42} {ours:9.1f}/s  of {bare:9.1f}/s  = {ratio:5.2f}{promise}", flush=True)


def pages(db: world.Database, folder: Path) -> None:
    """The catalog page of the seeded city beside a bare page with one SELECT, in turns."""
    world.seed(db, folder)
    env = db.environment(folder)
    app = create_app(db.settings(folder))
    with Session(world.engine(db), expire_on_commit=False) as session:
        (cookie,) = world.cookies(app, world.make_learners(session, 1), ANSWERS)
    rewrite = "update course_index set generation = gen_random_uuid()"
    ours, known, bare = [], [], []
    with world.web("wsgi:app", env) as port, world.web("benchmarks.bare:app", env) as bare_port:
        for _ in range(PAGE_ROUNDS):
            bare.append(_rate(bare_port, load.request("GET", "/")))
            with db.server.connect("jiangtu") as connection:
                connection.execute(rewrite)
            ours.append(_rate(port, load.request("GET", "/courses")))
            known.append(_rate(port, load.request("GET", "/courses", cookie=cookie)))
    # Each round against the bare page beside it in time, since other work may share the cores.
    show("catalog page : bare page", *_middle(ours, bare), 0.25)
    show("the same signed in, with answers", *_middle(known, bare))


def _middle(ours: list[float], bare: list[float]) -> tuple[float, float]:
    """The round with the median ratio."""
    return sorted(zip(ours, bare, strict=True), key=lambda pair: pair[0] / pair[1])[len(ours) // 2]


def _rate(port: int, request: bytes) -> float:
    result = load.run(port, itertools.repeat(request), seconds=PAGE_SECONDS)
    assert set(result.statuses) == {200}, result.statuses
    return result.rate


def enrollments(db: world.Database, folder: Path) -> None:
    """Enrolling over HTTP, hot and spread, beside a bare INSERT view; then what the database did for one."""
    app = create_app(db.settings(folder))
    engine = world.engine(db)
    env = db.environment(folder)
    hot_rates, spread_rates, bare_rates = [], [], []
    with Session(engine, expire_on_commit=False) as session:
        make = Make(session)
        course = make.course()
        spread = [make.run(course, seats=APPLICANTS) for _ in range(SPREAD)]
        hot = [make.run(course, seats=APPLICANTS, starts_in=40) for _ in range(ROUNDS)]
        first = make.run(course, seats=WARM_UP)
        applications = WARM_UP + 2 * ROUNDS * APPLICANTS
        users = world.make_learners(session, applications)
        applicants = iter(world.cookies(app, users, ANSWERS))
        form = world.encoded(csrf_token=world.form_token(app))
        with world.web("wsgi:app", env) as port, world.web("benchmarks.bare:app", env) as bare_port:
            # A process reads the rules and prepares its statements once; that is not what a request costs.
            load.run(bare_port, bare_requests(WARM_UP))
            _apply(port, form, applicants, [first.id], WARM_UP)
            for number in range(ROUNDS):
                bare_rates.append(load.run(bare_port, bare_requests(APPLICANTS)).rate)
                _forget(engine)
                hot_rates.append(_apply(port, form, applicants, [hot[number].id]))
                if number == 0:
                    _statements(engine, "one enrollment (hot)", APPLICANTS)
                spread_rates.append(_apply(port, form, applicants, [run.id for run in spread]))
            _forget(engine)
            load.run(bare_port, bare_requests(APPLICANTS))
            _statements(engine, "one bare INSERT", APPLICANTS)
    show("enrollments, one hot run : bare INSERT", *_middle(hot_rates, bare_rates), 0.5)
    show("enrollments, over 100 runs : bare INSERT", *_middle(spread_rates, bare_rates), 0.5)
    show("hot : spread", *_middle(hot_rates, spread_rates), 0.8)
    with engine.connect() as connection:
        taken = connection.scalar(sa.text("select sum(taken) from run_seats"))
    print(f"seats taken: {taken} for {applications} applications", flush=True)


def bare_requests(count: int) -> Iterator[bytes]:
    """POSTs for the bare INSERT view."""
    return itertools.repeat(load.request("POST", "/"), count)


def _apply(
    port: int, form: bytes, applicants: Iterator[str], run_ids: list[int], count: int = APPLICANTS
) -> float:
    chosen = itertools.cycle(run_ids)
    cookies = itertools.islice(applicants, count)
    requests = (
        load.request("POST", f"/runs/{next(chosen)}/apply", cookie=cookie, form=form) for cookie in cookies
    )
    result = load.run(port, requests)
    assert set(result.statuses) == {303}, result.statuses
    return result.rate


def _forget(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.text("select pg_stat_statements_reset()"))
        connection.commit()


def _statements(engine: sa.Engine, name: str, count: int) -> None:
    """What the database did since `_forget`, for each of `count` requests: statements and milliseconds."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "select left(regexp_replace(query, '\\s+', ' ', 'g'), 60) as query, calls, total_exec_time as ms "
                "from pg_stat_statements join pg_roles r on r.oid = userid "
                "where rolname = 'jiangtu_app' and toplevel and calls >= :least order by total_exec_time desc"
            ),
            {"least": count // 2},
        ).all()
    total = sum(row.ms for row in rows) / count
    print(f"{name}: {sum(row.calls for row in rows) / count:.1f} statements, {total:.3f} ms in the database")
    for row in rows:
        print(f"    {row.calls / count:4.1f} x {row.ms / row.calls:7.3f} ms  {row.query}", flush=True)


def main() -> None:
    """Run the benchmarks named on the command line (default: all)."""
    known = {"pages": pages, "enrollments": enrollments}
    for name in sys.argv[1:] or known:
        with tempfile.TemporaryDirectory(prefix="jiangtu-bench-") as folder, world.database(Path(folder)) as db:
            print(f"== {name}", flush=True)
            known[name](db, Path(folder))


if __name__ == "__main__":
    main()
