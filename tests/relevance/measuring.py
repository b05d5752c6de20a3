"""Asks every judged query of every system, scores what comes back, and says it: tables, scores, judgements."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from tests.relevance.judging import HERE, KINDS, JudgedCard, JudgedQuery, queries
from tests.relevance.metrics import DEPTH, ndcg

Search = Callable[[str], list[str]]  # a question → the ids of the first cards, best first
SCORES = HERE / "scores.toml"
JUDGEMENTS = HERE / "judgements"
COLUMNS = ("query", "grade", "by hand", "card", "trade", "region", "mode", "level")


@dataclass(frozen=True)
class Answered:
    """What one system found for one query, and how good that is."""

    query: JudgedQuery
    cards: tuple[JudgedCard, ...]
    score: float


@dataclass(frozen=True)
class Measured:
    """The cards of the corpus, and what each system answered to every query, in their order."""

    cards: tuple[JudgedCard, ...]
    answers: Mapping[str, Sequence[Answered]]


def measure(systems: Mapping[str, Search], cards: Iterable[JudgedCard]) -> Measured:
    """Ask every system every query."""
    by_id = {card.card_id: card for card in cards}
    answers: dict[str, list[Answered]] = {name: [] for name in systems}
    for query in queries():
        ideal = [query.grade(card) for card in by_id.values()]
        for name, search in systems.items():
            found = tuple(by_id[card_id] for card_id in search(query.text)[:DEPTH])
            score = ndcg([query.grade(card) for card in found], ideal)
            answers[name].append(Answered(query, found, score))
    return Measured(tuple(by_id.values()), answers)


def scores(answered: Sequence[Answered]) -> dict[str, float]:
    """The mean of all, of those held out, of those tuned on, and of each kind."""
    groups: dict[str, Callable[[JudgedQuery], bool]] = {
        "all": lambda query: True,
        "held out": lambda query: query.is_held_out,
        "tuned on": lambda query: not query.is_held_out,
        **{kind: lambda query, kind=kind: query.kind == kind for kind in KINDS},  # type: ignore[misc]
    }
    return {
        name: round(fmean(each.score for each in answered if is_in(each.query)), 4)
        for name, is_in in groups.items()
    }


def table(measured: Measured) -> str:
    """The scores as a Markdown table: groups down, systems across."""
    by_system = {name: scores(answered) for name, answered in measured.answers.items()}
    counts = {kind: sum(query.kind == kind for query in queries()) for kind in KINDS}
    held_out = sum(query.is_held_out for query in queries())
    counts |= {"all": len(queries()), "held out": held_out, "tuned on": len(queries()) - held_out}
    lines = ["| | queries | " + " | ".join(by_system) + " |", "|---|--:|" + "--:|" * len(by_system)]
    for group in next(iter(by_system.values())):
        values = " | ".join(f"{by_group[group]:.3f}" for by_group in by_system.values())
        lines.append(f"| {group} | {counts[group]} | {values} |")
    return "\n".join(lines)


def committed_scores() -> dict[str, dict[str, float]]:
    """The scores as last committed, by system."""
    return tomllib.loads(SCORES.read_text(encoding="utf-8"))


def write_scores(measured: Measured) -> None:
    """Write what was measured as the scores to hold."""
    lines = [
        "# nDCG@10, written by `python -m tests.relevance --write`; a drop of more than 0.005 fails the test."
    ]
    for name, answered in measured.answers.items():
        lines += ["", f"[{name}]", *(f'"{group}" = {score}' for group, score in scores(answered).items())]
    SCORES.write_text("\n".join(lines) + "\n", encoding="utf-8")


def pool(measured: Measured) -> Iterator[tuple[JudgedQuery, list[JudgedCard]]]:
    """Every query with every card some system has among its first ten, or graded by hand, the best first."""
    for answers in zip(*measured.answers.values(), strict=True):
        query = answers[0].query
        pooled = {card for answer in answers for card in answer.cards}
        pooled |= {card for card in measured.cards if card.name in query.by_hand}
        yield query, sorted(pooled, key=lambda card: (-query.grade(card), card.trade, card.name))


def write_judgements(measured: Measured) -> None:
    """Write the pool with its grades, one file for each file of queries; grades given by hand stay."""
    pooled = {query.text: cards for query, cards in pool(measured)}
    JUDGEMENTS.mkdir(exist_ok=True)
    for source in sorted((HERE / "queries").glob("*.toml")):
        texts = [row["text"] for row in tomllib.loads(source.read_text(encoding="utf-8"))["query"]]
        mine = [query for query in queries() if query.text in texts]
        with (JUDGEMENTS / f"{source.stem}.tsv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(_judged(query, card) for query in mine for card in pooled[query.text])


def _judged(query: JudgedQuery, card: JudgedCard) -> dict[str, object]:
    return {
        "query": query.text,
        "grade": query.grade(card),
        "by hand": "yes" if card.name in query.by_hand else "",
        "card": card.name,
        "trade": card.trade,
        "region": card.region,
        "mode": card.mode,
        "level": card.level or "",
    }
