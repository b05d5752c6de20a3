"""What a draft of the law would change: current applications judged on its first day, without it and with it.

Counts only are kept, never who; the counts say nothing of anyone's group.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from app import clock
from app.catalog.models import CourseRun
from app.db import db
from app.enroll.models import ACTIVE, EligibilityDecision, Enrollment
from app.enroll.services import judging
from app.policy import services as policy
from app.policy import versions
from app.policy.evaluator import evaluate_many
from app.policy.facts import FactError, Known, read_facts
from app.policy.models import Trade, Version
from app.policy.rulebook import RuleBook
from app.policy.verdict import Offer

BATCH = 2000
MOST_TRADES = 30


class Decided(NamedTuple):
    """A verdict as a decision states it."""

    answer: str
    rule_code: str | None
    fen: int


@dataclass(frozen=True, slots=True)
class _Law:
    """One of the two laws: its rules and its list on the draft's first day."""

    book: RuleBook
    listed: Mapping[str, int]

    def offer(self, offer: Offer) -> Offer:
        """A course as this law sees it."""
        position = self.listed.get(offer.trade_code)
        entry = None if position is None else str(position)
        return replace(offer, listed=position is not None, list_entry=entry)


@dataclass(slots=True)
class _Sum:
    """Applications, how many come out differently, and what is paid before and after."""

    judged: int = 0
    changed: int = 0
    fen: list[int] = field(default_factory=lambda: [0, 0])
    count: list[int] = field(default_factory=lambda: [0, 0])

    def as_json(self) -> dict[str, Any]:
        return {"judged": self.judged, "changed": self.changed, "fen": self.fen, "count": self.count}


class Tally:
    """Everything counted over the applications; `effects` is what the draft keeps."""

    def __init__(self) -> None:
        self.total = _Sum()
        self.touched = self.skipped = 0
        self.answers: Counter[tuple[str, str]] = Counter()
        self.amounts: Counter[str] = Counter()
        self.trades: defaultdict[str, _Sum] = defaultdict(_Sum)
        self.rules: defaultdict[str, _Sum] = defaultdict(_Sum)

    def add(self, trade_code: str, before: Decided, after: Decided, *, is_touched: bool) -> None:
        """Count one application."""
        self.touched += is_touched
        for each in (self.total, self.trades[trade_code]):
            each.judged += 1
            each.changed += before != after
            for side, decided in enumerate((before, after)):
                each.fen[side] += decided.fen
                each.count[side] += decided.answer == "yes"
        for side, decided in enumerate((before, after)):
            if decided.rule_code:
                self.rules[decided.rule_code].count[side] += 1
                self.rules[decided.rule_code].fen[side] += decided.fen
        if before.answer != after.answer:
            self.answers[before.answer, after.answer] += 1
        elif before != after:
            by = after.fen - before.fen
            self.amounts["more" if by > 0 else "less" if by < 0 else "same"] += 1

    def effects(self, on: date) -> dict[str, Any]:
        """The counts as JSON: what changes, largest first."""
        trades = sorted(
            ((code, each) for code, each in self.trades.items() if each.changed), key=lambda row: _size(*row)
        )
        rules = sorted(
            ((code, each) for code, each in self.rules.items() if _moved(each)), key=lambda row: _size(*row)
        )
        return {
            "on": on.isoformat(),
            **self.total.as_json(),
            "touched": self.touched,
            "skipped": self.skipped,
            "answers": [[*pair, number] for pair, number in self.answers.most_common()],
            "more": self.amounts["more"],
            "less": self.amounts["less"],
            "same": self.amounts["same"],
            "trades": [{"code": code, **each.as_json()} for code, each in trades[:MOST_TRADES]],
            "more_trades": max(0, len(trades) - MOST_TRADES),
            "rules": [{"code": code, "fen": each.fen, "count": each.count} for code, each in rules],
        }


def _moved(each: _Sum) -> bool:
    return each.fen[0] != each.fen[1] or each.count[0] != each.count[1]


def _size(code: str, each: _Sum) -> tuple[int, int, str]:
    return -abs(each.fen[1] - each.fen[0]), -each.changed, code


def simulate(*, table: str, version_id: int) -> bool:
    """Count what a draft would change and keep the counts with it; False if it is gone or published.

    In the scope of the bureau that drafts it: the applications of its regions. As often as one likes.
    """
    model = versions.KINDS[table]
    draft = db.session.scalar(sa.select(model).where(model.id == version_id, model.is_published.is_(False)))
    if draft is None:
        return False
    effects = _named(count(draft))
    still = sa.update(model).where(model.id == version_id, model.is_published.is_(False))
    done = db.session.execute(still.values(effects=effects, effects_at=clock.now()))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def waiting() -> list[tuple[str, int]]:
    """Every draft in scope, as its table and id."""
    return [
        (table, version_id)
        for table, model in versions.KINDS.items()
        for version_id in db.session.scalars(sa.select(model.id).where(model.is_published.is_(False)))
    ]


def count(draft: Version) -> dict[str, Any]:
    """What the draft would change in the applications in scope whose class is not over."""
    on, tally = draft.valid_from, Tally()
    before = _Law(policy.rulebook(), policy.listed_trades(on))
    after = _Law(policy.rulebook_with(draft), policy.listed_with(draft))
    listed_on: dict[date, Mapping[str, int]] = {}
    kept: dict[tuple[Any, ...], Offer] = {}
    for batch in _applications(clock.today()):
        people: defaultdict[Offer, list[tuple[Known, bool]]] = defaultdict(list)
        for starts_on, text in batch:
            grounds = json.loads(text)
            if "offer" not in grounds:
                tally.skipped += 1
                continue
            if grounds["offer"] is None:  # a course without subsidy asks nothing of the law
                continue
            try:
                known = read_facts(before.book, grounds["facts"])
            except FactError:
                tally.skipped += 1
                continue
            key = tuple(grounds["offer"].values())
            offer = kept.get(key) or kept.setdefault(key, Offer(**grounds["offer"]))
            issued = known.get("certificate_on")
            if issued is not None and issued < on:
                if issued not in listed_on:
                    listed_on[issued] = policy.listed_trades(issued)
                offer = replace(offer, listed_at_certificate=offer.trade_code in listed_on[issued])
            people[offer].append((known, starts_on >= on))
        for offer, asked in people.items():
            pairs = zip(_decide(before, asked, offer, on), _decide(after, asked, offer, on), asked, strict=True)
            for one, other, (_known, is_touched) in pairs:
                tally.add(offer.trade_code, one, other, is_touched=is_touched)
    return tally.effects(on)


def _decide(law: _Law, asked: Iterable[tuple[Known, bool]], offer: Offer, on: date) -> Iterator[Decided]:
    people = (known for known, _is_touched in asked)
    for verdict in evaluate_many(law.book, people, law.offer(offer), on):
        yield Decided(*judging.as_decided(verdict))


def _applications(today: date) -> Iterator[list[tuple[date, str]]]:
    """The first day of the class and the grounds of the decision in force, of every application in scope."""
    last = 0
    while True:
        rows = db.session.execute(
            sa.select(Enrollment.id, CourseRun.starts_on, EligibilityDecision.grounds)
            .join(EligibilityDecision, EligibilityDecision.enrollment_id == Enrollment.id)
            .join(CourseRun, CourseRun.id == Enrollment.run_id)
            .where(Enrollment.id > last, Enrollment.state.in_(ACTIVE), CourseRun.ends_on >= today)
            .where(
                EligibilityDecision.enrollment_id > last
            )  # so that each batch begins where it begins in its index
            .ext(distinct_on(Enrollment.id))
            .order_by(Enrollment.id, EligibilityDecision.id.desc())
            .limit(BATCH)
        ).all()
        if not rows:
            return
        yield [(starts_on, grounds) for _id, starts_on, grounds in rows]
        last = rows[-1][0]


def _named(effects: dict[str, Any]) -> dict[str, Any]:
    """The counts with the names of trades and rules, in both languages."""
    codes = [each["code"] for each in effects["trades"]]
    query = sa.select(Trade.code, Trade.name, Trade.name_en).where(Trade.code.in_(codes), Trade.variant == "")
    trades = {code: {"zh": zh, "en": en} for code, zh, en in db.session.execute(query)}
    rules = {rule.code: {"zh": rule.name.zh, "en": rule.name.en} for rule in policy.rulebook().rules}
    for kind, names in (("trades", trades), ("rules", rules)):
        effects[kind] = [{**each, **names.get(each["code"], {"zh": "", "en": ""})} for each in effects[kind]]
    return effects
