"""`make bench-search`: what a search costs on each engine, at 100,000 courses and at 1,000,000.

Engine and page times are of the same questions; the app's share is what a page takes beyond the very same request
bodies sent to Elasticsearch over plain HTTP, in pairs. Data takes long to make: BENCH_DATA names a folder to keep
it in, one database a size.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa
from elasticsearch import helpers
from flask import Flask

from app import create_app, scope
from app.catalog.search import elastic_index
from app.catalog.search.conditions import Field
from app.catalog.search.contract import EngineGoneError, Query, SearchBackend
from app.catalog.search.elastic import ElasticsearchSearch, client_for
from app.catalog.search.postgres import PostgresSearch
from app.catalog.search.ranking import Key, Plan, make_plan
from app.catalog.services import searching
from app.config import ElasticSettings
from app.db import db as orm
from app.elasticsearch_server import running
from app.postgres import OwnPostgres
from benchmarks import world
from tests.support.database import ROOT, Database, migrate

SIZES = (100_000, 1_000_000)
ROUNDS = 12
WARM_SECONDS = 180, 600  # at least and at most: after half a minute the engine's compiler takes a third of a core
AT_REST = 0.03  # the compiler's share of a core from which on it does not count
BESIDE = 2  # how often the same bodies are sent before a page, and after it
PAGE_SHARE_MS = 15.0
BULK_SHARE = 0.7


def _words(text: str) -> list[str]:
    return text.split()


# Half of each is asked and measured, half only asked, to warm up.
TRADES = _words("""
    焊工 电工 中式烹调师 美容师 养老护理员 叉车司机 汽车维修工 车工 保育师 西式面点师 铣工 美发师
    磨工 涂装工 装配钳工 机修钳工 化学检验员 制冷工 茶艺师 保安员 快递员 砌筑工 保洁员 电子商务师
""")
SAID = _words("""
    月嫂 开叉车 学个电焊 带孩子 想当厨师 修车 理发 开挖机 电工证 做面包 水电工 护工
    带娃 保姆 开吊车 化妆 美甲 剪头发 打扫卫生 开网店 送快递 泡茶 修空调 盖房子
""")
PINYIN = _words("""
    hangong diangong yuesao chugong meirongshi hg dg cgsj baoyushi chashi baoanyuan xigong
    mogong qiangong zhileng kuaidi baojie meifa chayi dianzi yanglao fuwu qiche jixie
""")
REGIONS = _words("""
    裕华区 长安区 桥西区 新华区 藁城区 正定县 平山县 赵县 鹿泉区 栾城区 井陉县 元氏县
    行唐县 灵寿县 高邑县 深泽县 赞皇县 无极县 晋州市 新乐市 井陉矿区 辛集市 高新区 循环化工园区
""")
CODES = _words("""
    130108 130102 130104 130105 130109 130123 130131 130133 130110 130111 130121 130132
    130125 130126 130127 130128 130129 130130 130183 130184 130107 130181 130171 130172
""")
LEVELS = _words("初级 中级 高级 技师 五级 四级 三级 二级")

# Each takes the round's number, below ROUNDS to be measured, from there on to warm up: no two rounds ask the same,
# so that no answer was kept from one before.
QUESTIONS: dict[str, Callable[[int], dict[str, str]]] = {
    "trade": lambda n: {"q": TRADES[n]},
    "said": lambda n: {"q": SAID[n]},
    "pinyin": lambda n: {"q": PINYIN[n]},
    "trade + county": lambda n: {"q": f"{REGIONS[n]} {TRADES[n * 5 % 24]}"},
    "trade + weekend": lambda n: {"q": f"周末 {TRADES[n]}", "level": str(3 + n % 3)},
    "county + shortage": lambda n: {"q": f"{REGIONS[n]} 紧缺"},
    "level + trade": lambda n: {"q": f"{LEVELS[n % 8]} {TRADES[n]}", "start": "30d"},
    "browse a county": lambda n: {"region": CODES[n], "mode": ("day", "evening", "weekend")[n % 3]},
    "browse all, soonest": lambda n: {"sort": "soon", "page": str(n + 1)},
    "browse all, best": lambda n: {"page": str(n + 1)},
}


def main(sizes: Sequence[int] = SIZES) -> None:
    """Measure at each size, then how each part grew."""
    kept = os.environ.get("BENCH_DATA")
    parts: dict[int, dict[tuple[str, str], float]] = {}
    counts: dict[int, int] = {}
    with tempfile.TemporaryDirectory(prefix="jiangtu-bench-", ignore_cleanup_errors=True) as folder:
        for size in sizes:
            place = Path(kept or folder) / str(size)
            with _data(place, size) as found, running(place / "elasticsearch", heap="2g") as url:
                counts[size], parts[size] = _measure(found, place, url, is_first=size == sizes[0])
    if len(sizes) == 2:
        _show_growth(*(counts[size] for size in sizes), *(parts[size] for size in sizes))


@contextmanager
def _data(place: Path, size: int) -> Iterator[Database]:
    place.mkdir(parents=True, exist_ok=True)
    is_new = not (place / "data").exists()
    with OwnPostgres(place / "data") as server:
        server.ensure_roles_and_database()
        found = Database(server, "jiangtu")
        migrate(found, place)
        if is_new:
            began = time.perf_counter()
            command = [sys.executable, "-m", "flask", "seed", "--courses", str(size), "--today", "2026-11-23"]
            subprocess.run(command, cwd=ROOT, env=found.environment(place), check=True, stdout=subprocess.DEVNULL)
            print(f"seeded {size:,} courses in {time.perf_counter() - began:.0f} s", flush=True)
        yield found


def _measure(
    found: Database, place: Path, url: str, *, is_first: bool
) -> tuple[int, dict[tuple[str, str], float]]:
    settings = ElasticSettings(urls=(url,), prefix="bench-", budget_ms=60_000)
    engine = sa.create_engine(found.app_url)
    with engine.connect() as connection:
        count = int(connection.scalar(sa.text("select count(*) from course_documents")) or 0)
    print(f"== {count:,} cards", flush=True)
    if is_first:  # with all documents in memory, which is no place for the larger size
        _bulk(engine, settings)
    if not elastic_index.is_current(settings):
        began = time.perf_counter()
        elastic_index.rebuild(engine, settings)
        print(f"index built in {time.perf_counter() - began:.0f} s", flush=True)
    embedded = create_app(found.settings(place))
    app = create_app(found.settings(place, elastic=settings))
    env = found.environment(place)
    elastic_env = {
        **env,
        "ELASTICSEARCH_URL": url,
        "ELASTICSEARCH_PREFIX": "bench-",
        "ELASTICSEARCH_BUDGET_MS": "60000",
    }
    with world.web("wsgi:app", elastic_env) as port:
        _pages(app, port, url)
    with world.web("wsgi:app", env) as port:
        _embedded_pages(embedded, port)
    parts = {}
    for name, application in (("postgres", embedded), ("elasticsearch", app)):
        parts.update(_parts(name, application, settings))
    return count, parts


# --- Building the index ------------------------------------------------------------------------------------


def _bulk(engine: sa.Engine, settings: ElasticSettings) -> None:
    """Our streaming of stored documents beside the client's own bulk helper with the same documents in memory."""
    client = client_for(settings).options(request_timeout=60)
    with engine.connect() as connection:
        ready = [(row[0], row[1], row[2]) for row in connection.execute(elastic_index._ALL_DOCUMENTS)]
    times = {}
    for what in ("helper", "ours"):
        name = f"bench-speed-{what}"
        elastic_index.create(client, name)
        began = time.perf_counter()
        if what == "ours":
            elastic_index.fill(engine, client, name)
        else:
            helped = helpers.parallel_bulk(
                client,
                ready,  # type: ignore[arg-type]
                index=elastic_index._writing(name),
                thread_count=elastic_index.THREADS,
                chunk_size=elastic_index.BATCH,
                expand_action_callback=elastic_index._expand,  # type: ignore[arg-type]
            )
            assert all(done for done, _item in helped)
        times[what] = time.perf_counter() - began
        client.indices.delete(index=name)
    share = times["helper"] / times["ours"]
    verdict = "holds" if share >= BULK_SHARE else "FALLS SHORT"
    rates = f"{len(ready) / times['ours']:8.0f}/s  of {len(ready) / times['helper']:8.0f}/s"
    print(f"rebuild: {rates}  = {share:5.2f}  (wanted ≥ {BULK_SHARE:.2f}: {verdict})", flush=True)


# --- Pages -------------------------------------------------------------------------------------------------


def _pages(app: Flask, port: int, url: str) -> None:
    """Each page between the same bodies over plain HTTP: its share is what it takes beyond their median.

    Printed beside it: how far each of those is from their median, as so much of a single share may be the engine's
    unsteadiness; and how much longer than at best a fixed loop took, as so much is the machine's.
    """
    page, plain = http.client.HTTPConnection("127.0.0.1", port), http.client.HTTPConnection(urlsplit(url).netloc)
    _warm_up(app, page, plain)
    print(f"{'elasticsearch':<22}{'engine ms p50/p95/p99':>26}{'page ms p50/p95/p99':>26}{'app ms p50/p95':>20}")
    shares: list[float] = []
    astray: list[float] = []
    loops: list[float] = []
    for name, question in QUESTIONS.items():
        engine, pages, own = [], [], []
        for number in range(ROUNDS):
            address = f"/courses?{urlencode(question(number))}"
            bodies = _bodies(app, address)
            loops.append(_timed(_fixed_loop))
            around = [_post(plain, bodies) for _before in range(BESIDE)]
            whole = _get(page, address)
            around += [_post(plain, bodies) for _after in range(BESIDE)]
            alone = statistics.median(around)
            engine += around
            pages.append(whole)
            own.append(whole - alone)
            astray += [abs(each - alone) for each in around]
        shares += own
        print(f"{name:<22}{_spread(engine):>26}{_spread(pages):>26}{_spread(own, (0.5, 0.95)):>20}", flush=True)
    worst = _percentile(shares, 0.95) * 1000
    verdict = "holds" if worst <= PAGE_SHARE_MS else "FALLS SHORT"
    slower = [each / min(loops) / 1000 for each in loops]
    both = (0.5, 0.95)
    print(f"the app's share, all questions, p50/p95: {_spread(shares, both)} ms", end=" ")
    print(f"(wanted p95 ≤ {PAGE_SHARE_MS:.0f}: {verdict})")
    print(f"the same bodies, how far from their median: {_spread(astray, both)} ms")
    print(f"a fixed loop, times its fastest: {_spread(slower, both)}", flush=True)


def _fixed_loop() -> None:
    """Some two milliseconds of plain work: how long it takes says how undisturbed the cores are."""
    total = 0
    for number in range(40_000):
        total += number * number % 7


def _warm_up(app: Flask, page: http.client.HTTPConnection, plain: http.client.HTTPConnection) -> None:
    """Ask until what is compiled while it runs has been: the engine's code above all."""
    ready = [f"/courses?{urlencode(ask(n))}" for n in range(ROUNDS, 2 * ROUNDS) for ask in QUESTIONS.values()]
    least, most = WARM_SECONDS
    began, share = time.monotonic(), 1.0
    while (so_far := time.monotonic() - began) < least or (share > AT_REST and so_far < most):
        since, before = time.monotonic(), _compiled()
        while time.monotonic() - since < least / 6:
            for address in ready:
                _post(plain, _bodies(app, address))
                _get(page, address)
        share = max(_compiled() - before, 0.0) / (time.monotonic() - since)
    print(f"warm after {so_far:.0f} s: the engine's compiler takes {share:.1%} of a core", flush=True)


def _compiled() -> float:
    """Processor seconds Java's compiler has taken so far; 0 where that cannot be seen."""
    ticks = 0
    for thread in Path("/proc").glob("[0-9]*/task/*"):
        with contextlib.suppress(OSError):
            if (thread / "comm").read_text().startswith("C2 Comp"):
                fields = (thread / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _bodies(app: Flask, address: str) -> list[bytes]:
    """The request bodies the app sends to Elasticsearch for a page, as they go over the wire."""
    sent: list[bytes] = []
    real = ElasticsearchSearch._ask

    def note(self: ElasticsearchSearch, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
        header = {"index": self._alias, "allow_partial_search_results": False}
        lines = [json.dumps(line) for body in bodies for line in (header, body)]
        sent.append("".join(f"{line}\n" for line in lines).encode())
        return real(self, *bodies)

    ElasticsearchSearch._ask = note  # type: ignore[method-assign]
    try:
        with app.test_client().get(address) as response:
            assert response.status_code == 200, response.status_code
    finally:
        ElasticsearchSearch._ask = real  # type: ignore[method-assign]
    return sent


def _embedded_pages(app: Flask, port: int) -> None:
    page = http.client.HTTPConnection("127.0.0.1", port)
    print(f"{'postgres':<22}{'engine ms p50/p95/p99':>26}{'page ms p50/p95/p99':>26}")
    for name, question in QUESTIONS.items():
        engine, pages = [], []
        for number in range(ROUNDS // 2):
            address = f"/courses?{urlencode(question(number))}"
            plan = make_plan(_query(app, address))
            with app.app_context(), scope.opened(scope.VISITOR):
                engine.append(_timed(lambda: PostgresSearch(orm.session).find(plan, size=300)))  # noqa: B023
                orm.session.rollback()
            pages.append(_get(page, address))
        print(f"{name:<22}{_spread(engine):>26}{_spread(pages):>26}", flush=True)


def _get(connection: http.client.HTTPConnection, address: str) -> float:
    began = time.perf_counter()
    connection.request("GET", address)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, (response.status, address)
    assert body
    return time.perf_counter() - began


def _post(connection: http.client.HTTPConnection, bodies: list[bytes]) -> float:
    began = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/_msearch", body, {"Content-Type": "application/x-ndjson"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        assert response.status == 200
        assert not any("error" in each for each in answer["responses"])
    return time.perf_counter() - began


# --- Parts -------------------------------------------------------------------------------------------------


def _query(app: Flask, address: str) -> Query:
    """What the app asks an engine for this address."""
    asked: list[Query] = []
    real = searching.assemble

    def note(engine: SearchBackend, session: Any, query: Query, **others: Any) -> Any:
        asked.append(query)
        raise EngineGoneError("only the question was wanted")

    searching.assemble = note  # type: ignore[assignment]
    try:
        app.test_client().get(address)
    except EngineGoneError:
        pass
    finally:
        searching.assemble = real
    return asked[0]


def _parts(name: str, app: Flask, settings: ElasticSettings) -> dict[tuple[str, str], float]:
    """The mean of each part of a question, in milliseconds: finding, counting the facets, and putting in order."""
    found: dict[str, list[float]] = {"text": [], "facets": [], "sort": []}
    for question in QUESTIONS.values():
        for number in range(ROUNDS // 3):
            address = f"/courses?{urlencode(question(number))}"
            plan = make_plan(_query(app, address))
            with app.app_context(), scope.opened(scope.VISITOR):
                unordered: Plan = replace(plan, parts=(), keys=(Key(Field.FEE_FEN),))

                def ask(plan: Plan, size: int, is_counted: bool) -> float:
                    is_embedded = name == "postgres"
                    engine = PostgresSearch(orm.session) if is_embedded else ElasticsearchSearch(settings)
                    return _timed(lambda: engine.find(plan, size=size, is_counted=is_counted))

                text = ask(unordered, 300, False)
                found["text"].append(text)
                found["sort"].append(max(ask(plan, 300, False) - text, 0.0))
                found["facets"].append(ask(plan, 0, True))
                orm.session.rollback()
    return {(name, part): statistics.mean(times) * 1000 for part, times in found.items()}


def _show_growth(
    few: int, many: int, before: dict[tuple[str, str], float], after: dict[tuple[str, str], float]
) -> None:
    print(f"== growth: cards × {many / few:.1f}")
    for (engine, part), ms in after.items():
        growth = ms / before[engine, part] if before[engine, part] else float("nan")
        verdict = "" if growth <= many / few else "  faster than the documents"
        print(f"{engine:<15}{part:<8}{before[engine, part]:9.1f} ms → {ms:9.1f} ms  × {growth:5.1f}{verdict}")


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def _spread(times: Sequence[float], shares: Sequence[float] = (0.5, 0.95, 0.99)) -> str:
    return " / ".join(f"{_percentile(times, share) * 1000:.1f}" for share in shares)


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or SIZES)
