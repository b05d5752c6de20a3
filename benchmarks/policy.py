"""`make bench-policy`: what judging a roster costs beside a bare loop that reads the same facts."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from app.policy.evaluator import evaluate, evaluate_many
from app.policy.facts import read_facts
from app.policy.loader import load_rulebook
from app.policy.rulebook import RuleBook
from app.policy.verdict import Answer, Offer, Verdict

PEOPLE = 10_000
ROUNDS = 5
SINGLES = 500
MOST_TIMES_BARE = 70
TODAY = date(2026, 11, 23)
_WELDING = ("6-18-02-04", "焊工", True)
# One course of every form: together they put every rule of the book to every person.
OFFERS = tuple(
    Offer(*_WELDING, level=4, fee_fen=300_000, form=form, designated=True)
    for form in ("employment", "upgrade", "founder")
)


def make_people(book: RuleBook, count: int) -> list[dict[str, Any]]:
    """People of every kind, some with much left unsaid; the same for every run."""
    chance = random.Random(1)
    groups = [group.code for group in book.groups]
    people = []
    for _ in range(count):
        claims = [
            {
                "trade": chance.choice(["6-18-02-04", "6-05-01-03"]),
                "level": chance.choice([5, 4, 3]),
                "on": TODAY - timedelta(days=chance.randrange(900)),
                "state": chance.choice(["paid", "filed", "rejected"]),
                "rule": "R1_EMP_STD",
            }
            for _ in range(chance.choice([0, 0, 0, 1, 2]))
        ]
        everything = {
            "situations": chance.sample(groups, chance.choice([1, 1, 1, 2, 3])),
            "birth_on": date(1955, 1, 1) + timedelta(days=chance.randrange(20_000)),
            "sex": chance.choice(["male", "female"]),
            "residence": chance.choice(["hukou", "living", "insured", "elsewhere"]),
            "claims": claims,
            "insured_months": chance.randrange(40),
            "certificate_on": TODAY - timedelta(days=chance.randrange(600)),
            "recognised": chance.choice([True, False]),
            "graduates_on": date(chance.choice([2026, 2027]), 6, 30),
            "plan_years_completed": chance.randrange(4),
        }
        people.append({fact: value for fact, value in everything.items() if chance.random() < 0.9})
    return people


def read_bare(book: RuleBook, people: list[dict[str, Any]]) -> int:
    """The yardstick: every declared fact of every person read once, claims field by field, and counted."""
    codes = [fact.code for fact in book.facts]
    known = 0
    for person in people:
        for code in codes:
            if person.get(code) is not None:
                known += 1
        for claim in person.get("claims", ()):
            if claim["trade"] and claim["level"] and claim["on"] and claim["state"] and claim["rule"]:
                known += 1
    return known


def judge_all(book: RuleBook, people: list[dict[str, Any]]) -> list[Verdict]:
    """The verdict and amount of every person under every rule."""
    known = [read_facts(book, person) for person in people]
    return [verdict for offer in OFFERS for verdict in evaluate_many(book, known, offer, TODAY)]


def main() -> None:
    """Measure, and fail if judging costs more than it may."""
    book = load_rulebook()
    people = make_people(book, PEOPLE)
    judge_all(book, people[:100])
    pairs = [(_seconds(read_bare, book, people), _seconds(judge_all, book, people)) for _ in range(ROUNDS)]
    bare, ours = sorted(pairs, key=lambda pair: pair[1] / pair[0])[ROUNDS // 2]
    ratio = ours / bare
    word = "holds" if ratio <= MOST_TIMES_BARE else "FALLS SHORT"
    print(f"{PEOPLE} people x {len(book.rules)} rules: {ours:.3f} s, bare loop {bare:.4f} s = {ratio:.1f}")
    print(f"  (wanted at most {MOST_TIMES_BARE}: {word})")
    said = [verdict.answer for verdict in judge_all(book, people)]
    print("  " + ", ".join(f"{answer.value} {said.count(answer)}" for answer in Answer))
    print(f"one evaluation with near misses and its tree: {_single(book, people):.3f} ms")
    if ratio > MOST_TIMES_BARE:
        sys.exit(1)


def _single(book: RuleBook, people: list[dict[str, Any]]) -> float:
    """Milliseconds for one evaluation with everything it can tell, on average over people and forms."""
    started = time.process_time()
    for number, person in enumerate(people[:SINGLES]):
        evaluate(book, person, OFFERS[number % len(OFFERS)], TODAY, tree=True)
    return (time.process_time() - started) * 1000 / SINGLES


def _seconds(work: Callable[..., object], *args: object) -> float:
    """Processor seconds, since other work may share the cores."""
    started = time.process_time()
    work(*args)
    return time.process_time() - started


if __name__ == "__main__":
    main()
