"""Whether the search finds what people mean, on both engines: judged queries over a fixed corpus, on a fixed day.

docs/search-relevance.md says how the queries were judged. The whole table is printed with every run.
"""

from __future__ import annotations

from statistics import fmean

import pytest

from app.policy.loader import load_trades, load_variants
from app.postgres import OwnPostgres
from tests.relevance.judging import HELD_OUT, KINDS, queries, read_judgements, set_aside
from tests.relevance.measuring import JUDGEMENTS, Measured, committed_scores, scores, table
from tests.relevance.metrics import ndcg
from tests.relevance.systems import ENGINES, measure_all

NOT_THERE = {"我妈想学月嫂，长安区附近有吗"}  # asked for where nobody teaches it
LEAST = 0.90
MOST_LOST = 0.005

pytestmark = pytest.mark.xdist_group("relevance")


@pytest.fixture(scope="module")
def measured(
    server: OwnPostgres,
    elasticsearch_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Measured:
    """Everything asked of every system, and the table of it in the run's output."""
    measured = measure_all(server, elasticsearch_url, tmp_path_factory.mktemp("relevance"))
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\n" + table(measured))
    return measured


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("group", ["all", "held out"])
def test_people_find_what_they_mean(measured: Measured, engine: str, group: str) -> None:
    score = scores(measured.answers[engine])[group]
    assert score >= LEAST
    assert score >= committed_scores()[engine][group] - MOST_LOST


@pytest.mark.parametrize("engine", ENGINES)
def test_it_finds_more_than_the_engine_by_itself(measured: Measured, engine: str) -> None:
    ours = scores(measured.answers[engine])
    for baseline in measured.answers.keys() - set(ENGINES):
        theirs = scores(measured.answers[baseline])
        assert ours["all"] > theirs["all"]
        assert ours["held out"] > theirs["held out"]


def test_both_engines_answer_alike(measured: Measured) -> None:
    orders = [
        [[card.card_id for card in answer.cards] for answer in measured.answers[engine]] for engine in ENGINES
    ]
    unlike = [query.text for query, one, other in zip(queries(), *orders, strict=True) if one != other]
    assert not unlike


def test_the_queries_can_be_judged(measured: Measured) -> None:
    """Kinds and names are known; each query but those nobody can answer has relevant cards in the corpus."""
    known = {trade.name for trade in load_trades()} | {row.variant for row in load_variants()}
    for query in queries():
        assert query.kind in KINDS
        assert query.intent
        named = {
            name for each in query.criteria.values() for key in ("trade", "label") for name in each.get(key, ())
        }
        assert named <= known, query.text
        if query.kind != "nothing" and query.text not in NOT_THERE:
            assert any(query.grade(card) for card in measured.cards), query.text
    assert len({query.text for query in queries()}) == len(queries()) >= 160


def test_forty_queries_were_set_aside_by_a_rule_that_knows_nothing_of_them() -> None:
    held_out = {query.text for query in queries() if query.is_held_out}
    assert held_out == set_aside(query.text for query in queries())
    assert len(held_out) == HELD_OUT == 40


def test_the_written_judgements_are_those_that_count(measured: Measured) -> None:
    """Every grade in the files is that of the criteria, unless it says that it was given by hand."""
    by_text = {query.text: query for query in queries()}
    cards = {card.name: card for card in measured.cards}
    assert len(cards) == len(measured.cards)
    rows = [row for path in sorted(JUDGEMENTS.glob("*.tsv")) for row in read_judgements(path)]
    for row in rows:
        query, card = by_text[row["query"]], cards[row["card"]]
        assert query.grade(card) == int(row["grade"])
        assert row["by hand"] or query.by_criteria(card) == int(row["grade"]), row


def test_the_measure_rewards_the_best_first() -> None:
    every = [3, 2, 1, 0, 0]
    assert ndcg([3, 2, 1, 0], every) == 1
    assert fmean([ndcg([1, 2, 3], every), ndcg([0, 0, 3], every)]) < ndcg([3, 1, 2], every) < 1
    assert ndcg([], every) == ndcg([0, 0], every) == 0
    assert ndcg([], [0, 0]) == 1
    assert ndcg([0], [0, 0]) == 0
