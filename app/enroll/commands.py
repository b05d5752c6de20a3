"""`flask policy replay`: whether decisions would be made again as of their day; `decision`: one of them whole."""

from __future__ import annotations

from datetime import datetime

import click

from app import scope
from app.db import db
from app.enroll.services import replaying
from app.enroll.services.replaying import Replayed
from app.policy.commands import as_json, policy, told
from app.tenants import regions


@policy.command("replay")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only decisions judged on this day or later.")
@click.option("--decision", "decision_id", type=int, help="A single decision, by its number.")
def replay(since: datetime | None, decision_id: int | None) -> None:
    """Judge stored decisions again by the law of their day, and report every difference; exits with 1 if any.

    Nothing about a person is printed.
    """
    with scope.opened(scope.VISITOR):
        everywhere = regions.everywhere()
        db.session.rollback()
    count = different = lost = 0
    with scope.opened(everywhere):
        for each in replaying.replay_decisions(since=since.date() if since else None, decision_id=decision_id):
            count += 1
            lost += each.now is None
            if each.now is not None and not each.is_same:
                different += 1
                click.echo(_line(each))
        db.session.rollback()
    click.echo(f"{count} decisions, {different} different, {lost} from before courses were kept with them.")
    if different:
        raise click.exceptions.Exit(1)


@policy.command("decision")
@click.argument("decision_id", type=int)
def decision(decision_id: int) -> None:
    """Print one decision whole: facts, course and reasons as kept, the law of its day, and what superseded it.

    It tells what is known of the person, their group with it: for those who may know.
    """
    with scope.opened(scope.VISITOR):
        everywhere = regions.everywhere()
        db.session.rollback()
    with scope.opened(everywhere):
        found = replaying.recall(decision_id=decision_id)
        db.session.rollback()
    if found is None:
        raise click.ClickException(f"There is no decision {decision_id}.")
    verdict = found.pop("verdict")
    click.echo(as_json({**found, "verdict": told(verdict) if verdict else None}))


def _line(each: Replayed) -> str:
    found = f"decision {each.decision_id} of {each.judged_on}: was {_words(each.then)}"
    if each.now is not None and each.now != each.then:
        found += f", now {_words(each.now)}"
    return found + (", and the list of that day has changed" if each.is_list_changed else "")


def _words(decided: tuple[str, str | None, int]) -> str:
    answer, rule_code, subsidy_fen = decided
    return f"{answer} {rule_code or '-'} {subsidy_fen} fen"
