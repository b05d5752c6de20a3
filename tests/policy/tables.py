"""The readable tables of cases: people, courses and days in yuan, made into what the evaluator reads."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from app.policy.evaluator import Answer, Verdict, evaluate
from app.policy.rulebook import RuleBook
from app.policy.verdict import Offer, Outcome
from tests.policy.book import TODAY, WELDING, book

Table = dict[str, Any]

FOLDER = Path(__file__).parent / "cases"
ABSENT = "-"
SAID = ("same_trade_level_before", "used_this_year")


def table(name: str) -> Table:
    """A file of cases as it is written."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


PEOPLE = table("people")


def fen(yuan: float) -> int:
    return round(yuan * 100)


@cache
def later_book() -> RuleBook:
    """The published rules, and from the day in people.toml a second version of every amount."""
    return second_version(PEOPLE["later"]["from"], PEOPLE["later"]["amounts"])


def second_version(since: date, amounts: Mapping[str, float]) -> RuleBook:
    rules = []
    for rule in book().rules:
        if rule.code in amounts:
            rules.append(replace(rule, valid_to=since))
            rules.append(replace(rule, valid_from=since, amount_fen=fen(amounts[rule.code])))
        else:
            rules.append(rule)
    return replace(book(), rules=tuple(rules))


def person(row: Table, on: date) -> Table:
    """The facts of the row's person; a history on record stands in for what is merely said."""
    facts = {**PEOPLE["person"][row["person"]], **row.get("facts", {})}
    if "claims" in row:
        facts["claims"] = [{"trade": WELDING.trade_code, "state": "paid", **each} for each in row["claims"]]
        if not row.get("said_too"):
            facts = {code: value for code, value in facts.items() if code not in SAID}
    if facts.get("certificate_on") == "the day":
        facts["certificate_on"] = on
    return {code: value for code, value in facts.items() if value != ABSENT}


def course(row: Table) -> Offer:
    words = {**PEOPLE["course"], **row.get("course", {})}
    words = {code: None if value == ABSENT else value for code, value in words.items()}
    standard = words.pop("standard", None)
    fee = fen(words.pop("fee"))
    return replace(WELDING, fee_fen=fee, standard_fen=None if standard is None else fen(standard), **words)


def rules_of(row: Table) -> RuleBook:
    if "amounts" in row:
        return second_version(date(2020, 1, 1), row["amounts"])
    return book() if row.get("book") == "published" else later_book()


def judged(row: Table) -> Verdict:
    on = row.get("on", TODAY)
    return evaluate(rules_of(row), person(row, on), course(row), on)


def codes(verdict: Verdict, outcome: Outcome) -> set[str]:
    return {reason.code for reason in verdict.reasons if reason.outcome is outcome}


def differences(row: Table, verdict: Verdict) -> Table:
    """What came out otherwise than the row says, as expected and found."""
    quotes = " ".join(citation.quote for citation in verdict.citations)
    expected: Table = {
        "answer": Answer(row["answer"]),
        "because": set(row.get("because", ())),
        "provided": set(row.get("provided", ())),
    }
    found: Table = {
        "answer": verdict.answer,
        "because": codes(verdict, Outcome.FAILED) if verdict.answer is Answer.NO else set(),
        "provided": {condition.code for condition in verdict.conditions},
    }
    told = {
        "rule": verdict.rule_code,
        "group": verdict.group_code,
        "payee": verdict.payee,
        "open": sorted(codes(verdict, Outcome.UNKNOWN)),
    }
    money = {"pays": verdict.subsidy_fen, "learner_pays": verdict.learner_pays_fen}
    expected |= {word: row[word] for word in told if word in row}
    expected |= {word: fen(row[word]) for word in money if word in row}
    expected |= {f"cites {words}": True for words in row.get("cites", ())}
    expected |= {f"cites {words}": False for words in row.get("cites_not", ())}
    expected |= {f"holds {code}": True for code in row.get("holds", ())}
    held = codes(verdict, Outcome.HELD)
    found |= told | money
    found |= {word: word.removeprefix("cites ") in quotes for word in expected if word.startswith("cites ")}
    found |= {word: word.removeprefix("holds ") in held for word in expected if word.startswith("holds ")}
    return {word: (value, found[word]) for word, value in expected.items() if found[word] != value}
