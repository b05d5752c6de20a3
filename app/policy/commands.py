"""`flask policy`: what the law says of some facts, and which facts it reads, for auditors and scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import IO, Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from app import scope
from app.clock import today
from app.policy import services
from app.policy.facts import FactError
from app.policy.rulebook import FactType, Question, RuleBook, in_force
from app.policy.texts import answer_text, condition_text, near_miss_text, reason_text
from app.policy.verdict import Offer, Verdict

policy = AppGroup("policy", help="Ask the law.")
OFFER_OF_COURSE = "policy.offer_of_course"
LEVELS = click.IntRange(1, 5)


def init_app(app: Flask, *, offer_of_course: Callable[[int, date], Offer | None]) -> None:
    """Register the commands; courses belong to another room, which tells how the rules see one on a day."""
    app.extensions[OFFER_OF_COURSE] = offer_of_course
    app.cli.add_command(policy)


@policy.command("check")
@click.argument("facts", type=click.File(encoding="utf-8"))
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day to judge on; today if left out.")
@click.option("--course", type=int, help="A published course, by its number.")
@click.option("--trade", help="The code of a trade, where there is no course.")
@click.option("--level", type=LEVELS, help="5 (elementary) to 1, with --trade.")
@click.option("--fee", type=click.IntRange(min=0), default=0, help="The fee in fen, with --trade.")
@click.option(
    "--form",
    type=click.Choice(["employment", "upgrade", "founder"]),
    default="employment",
    show_default=True,
    help="The form of the course, with --trade.",
)
def check(
    facts: IO[str],
    on: datetime | None,
    course: int | None,
    trade: str | None,
    level: int | None,
    fee: int,
    form: str,
) -> None:
    """Print the whole verdict on the facts in a JSON file (- for standard input), with its tree of reasons."""
    with scope.opened(scope.VISITOR):
        _check(facts, on.date() if on else today(), course, trade, level, fee, form)


def _check(
    facts: IO[str],
    day: date,
    course: int | None,
    trade: str | None,
    level: int | None,
    fee: int,
    form: str,
) -> None:
    if (course is None) == (trade is None):
        raise click.UsageError("Give --course or --trade.")
    try:
        known = json.load(facts)
    except ValueError as error:
        raise click.ClickException("The facts are not JSON.") from error
    if not isinstance(known, dict):
        raise click.ClickException("Write the facts as one JSON object.")
    if course is not None:
        offer = current_app.extensions[OFFER_OF_COURSE](course, day)
        if offer is None:
            raise click.ClickException(f"There is no published course {course}.")
    else:
        offer = _offer(trade or "", level, fee, form, day)
    try:
        verdict = services.verdict(facts=known, offer=offer, on=day, tree=True)
    except FactError as error:
        raise click.ClickException(str(error)) from error
    click.echo(as_json({"on": day, "offer": asdict(offer), "verdict": told(verdict)}))


def _offer(trade: str, level: int | None, fee: int, form: str, on: date) -> Offer:
    """A course of a designated institution in a trade."""
    position = services.listed_trades(on).get(trade)
    entry = None if position is None else str(position)
    return Offer(trade, "", position is not None, level, fee, form, designated=True, list_entry=entry)


def told(verdict: Verdict) -> dict[str, Any]:
    """The verdict as plain values, with the words a person reads beside the codes."""
    told = asdict(verdict)
    for words in ("zh", "en"):
        told[f"text_{words}"] = {
            "answer": answer_text(verdict, words),
            "reasons": [reason_text(each, words) for each in verdict.reasons],
            "conditions": [condition_text(each, words) for each in verdict.conditions],
            "near_misses": [near_miss_text(each, words) for each in verdict.near_misses],
        }
    return told


@policy.command("facts")
def facts() -> None:
    """Print every fact with its type, its plain question and what reads it."""
    with scope.opened(scope.VISITOR):
        book, on = services.rulebook(), today()
    click.echo(as_json([_fact(book, fact, on) for fact in book.facts]))


def _fact(book: RuleBook, fact: FactType, on: date) -> dict[str, Any]:
    question = book.question(fact.code)
    limits = {limit.code for limit in in_force(book.limits, on) if limit.when and fact.code in limit.when.facts}
    rules = [rule.code for rule in in_force(book.rules, on) if limits.intersection(rule.when)]
    groups = [group.code for group in in_force(book.groups, on) if limits.intersection(group.when)]
    if fact.type == "set":
        rules = [rule.code for rule in in_force(book.rules, on)]
    return {
        "fact": fact.code,
        "zh": fact.label.zh,
        "en": fact.label.en,
        "type": fact.type,
        "values": fact.choices or ([fact.least, fact.most] if fact.type == "number" else None),
        "source": fact.source,
        "sensitivity": fact.sensitivity,
        "stands_for": fact.stands_for,
        "question": _question(question) if question else None,
        "limits": sorted(limits),
        "rules": rules,
        "groups": groups,
    }


def _question(question: Question) -> Mapping[str, Any]:
    return {"zh": question.label.zh, "en": question.label.en, "forms": question.forms}


def as_json(value: Any) -> str:
    """Anything as JSON for people: Chinese as it is, days as text."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
