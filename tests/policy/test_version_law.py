"""What a version does to verdicts: nothing before its first day, everything it says from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import scope as scopes
from app.clock import today
from app.db import db
from app.errors import DomainError
from app.policy import amendments, services, store, versions
from app.policy.evaluator import evaluate
from app.policy.models import PolicyParameter, ShortageList, ShortageListEntry, SubsidyRule
from app.policy.rulebook import RuleBook
from app.policy.verdict import Answer, Offer, Verdict
from app.scope import Scope
from tests.factories.policy import UNLISTED, WELDER
from tests.policy.book import CERTIFIED, UNEMPLOYED

FOUNDER = {**UNEMPLOYED, "situations": ["WOULD_BE_FOUNDER"]}
BEGINS = today() + timedelta(days=30)
EVE = BEGINS - timedelta(days=1)
DOCUMENT = {"document_no": "示例 1 号", "clause": "二", "valid_from": BEGINS}
QUOTED = {**DOCUMENT, "quote": "示例原文"}


@pytest.fixture
def people(make: Any) -> tuple[int, int]:
    """An author and an approver."""
    return make.user().id, make.user().id


@pytest.fixture
def as_(app: Any, make: Any) -> Callable[[int], Any]:
    """Act as somebody of the city's bureau, in a transaction that is committed."""
    city = make.region("130100").id

    @contextmanager
    def acting(actor_id: int) -> Iterator[None]:
        with app.app_context(), scopes.opened(Scope(actor_id=actor_id, region_ids=(city,))):
            try:
                yield
                db.session.commit()
            finally:
                db.session.remove()

    return acting


@pytest.fixture
def publish(as_: Any, people: tuple[int, int], make: Any) -> Callable[..., None]:
    """Draft as one person, approve as the other."""

    def publish(draft: Callable[[int], Any]) -> None:
        with as_(people[0]):
            version = draft(people[0])
        make.count_drafts()
        with as_(people[1]):
            versions.approve(db.session.get_one(type(version), version.id), actor_id=people[1])

    return publish


def amount(code: str, fen: int | None = None, percent: int | None = None, **more: Any) -> Callable[[int], Any]:
    def draft(actor_id: int) -> SubsidyRule:
        base = amendments.newest(SubsidyRule, code=code)
        assert base is not None
        values: dict[str, Any] = {**QUOTED, **more, "actor_id": actor_id}
        return amendments.draft_amount(base=base, amount_fen=fen, percent=percent, **values)

    return draft


def end(code: str, **more: Any) -> Callable[[int], Any]:
    def draft(actor_id: int) -> SubsidyRule:
        base = amendments.newest(SubsidyRule, code=code)
        assert base is not None
        return amendments.draft_end(base=base, **{**QUOTED, **more, "actor_id": actor_id})

    return draft


def limit(code: str, number: int | None, *, is_on: bool = True, **more: Any) -> Callable[[int], Any]:
    def draft(actor_id: int) -> PolicyParameter:
        base = amendments.newest(PolicyParameter, code=code)
        assert base is not None
        values: dict[str, Any] = {**DOCUMENT, **more, "actor_id": actor_id}
        return amendments.draft_limit(base=base, number=number, is_on=is_on, **values)

    return draft


def offer(code: str = WELDER, *, listed: bool | None = True, form: str = "employment") -> Offer:
    return Offer(code, "示例", listed, 5, 400_000, form, designated=True)


@pytest.fixture
def judge(as_: Any, people: tuple[int, int]) -> Callable[..., Verdict]:
    """The verdict by the rule book of the database."""

    def judge(on: date, facts: dict[str, Any] = UNEMPLOYED, course: Offer | None = None) -> Verdict:
        with as_(people[1]):
            return evaluate(services.rulebook(), facts, course or offer(), on)

    return judge


def test_an_amount_holds_from_its_first_day_and_not_a_day_before(publish: Any, judge: Any) -> None:
    assert judge(BEGINS).subsidy_fen == 250_000
    publish(amount("R2_EMP_SHORT", 310_000))
    assert [judge(day).subsidy_fen for day in (today(), EVE, BEGINS)] == [250_000, 250_000, 310_000]
    (cited, *_more) = judge(BEGINS).citations
    assert (cited.document, cited.clause, cited.quote) == ("示例 1 号", "二", "示例原文")
    publish(amount("R2_EMP_SHORT", 320_000, valid_from=BEGINS + timedelta(days=10)))
    assert [judge(BEGINS + timedelta(days=n)).subsidy_fen for n in (-1, 0, 9, 10)] == [
        250_000,
        310_000,
        310_000,
        320_000,
    ]


def test_the_start_up_subsidy_is_switched_on_by_an_amount_with_a_document(publish: Any, judge: Any) -> None:
    course = offer(form="founder")
    publish(amount("R9_FOUNDER", 150_000))
    assert judge(EVE, FOUNDER, course).subsidy_fen is None
    found = judge(BEGINS, FOUNDER, course)
    assert (found.answer, found.rule_code, found.subsidy_fen) == (Answer.YES, "R9_FOUNDER", 150_000)


def test_a_percent_raises_what_it_raised(publish: Any, judge: Any) -> None:
    publish(amount("R8_UP_SHORT", percent=20))
    facts = {**CERTIFIED, "certificate_on": BEGINS}
    assert judge(BEGINS, facts, offer(form="upgrade")).subsidy_fen == 120_000


def test_a_limit_is_another_number_from_its_first_day(publish: Any, judge: Any) -> None:
    claims = [
        {"rule": "R1_EMP_STD", "trade": "x", "level": 5, "on": day.replace(month=1, day=2), "state": "paid"}
        for day in (EVE, BEGINS)
    ]
    facts = {**UNEMPLOYED, "claims": claims[:1]}
    publish(limit("uses_per_year", 1))
    assert judge(today(), {**facts, "claims": []}).answer is Answer.YES
    assert judge(BEGINS, {**facts, "claims": []}).answer is Answer.YES
    assert judge(BEGINS, {**facts, "claims": claims[1:]}).answer is Answer.NO


def test_a_condition_written_down_is_switched_on_and_another_off(publish: Any, judge: Any) -> None:
    facts = {**CERTIFIED, "insured_at_certificate": False, "certificate_on": BEGINS}
    course = offer(form="upgrade")
    assert judge(BEGINS, facts, course).answer is Answer.YES
    publish(limit("insured_at_certificate", None))
    assert judge(BEGINS, facts, course).answer is Answer.NO
    young = {**UNEMPLOYED, "birth_on": today().replace(year=today().year - 10)}
    publish(limit("minimum_age", 16, is_on=False))
    assert judge(EVE, young).answer is Answer.NO
    assert judge(BEGINS, young).answer is Answer.YES


@pytest.mark.parametrize("listed", [True, False, None])
def test_when_a_rule_ends_its_courses_are_paid_no_more(publish: Any, judge: Any, listed: bool | None) -> None:
    publish(end("R1_EMP_STD"))
    found = judge(BEGINS, UNEMPLOYED, offer(listed=listed))
    if listed is False:
        assert (found.answer, found.subsidy_fen) == (Answer.NO, 0)
        assert "trade_paid" in [reason.code for reason in found.reasons]
    else:
        assert found.rule_code in ("R2_EMP_SHORT", None)
        assert found.answer is not Answer.NO
    assert judge(EVE, UNEMPLOYED, offer(listed=listed)).answer is Answer.YES


@pytest.mark.parametrize(
    ("codes", "form"),
    [
        (("R1_EMP_STD", "R2_EMP_SHORT"), "employment"),
        (("R5_UP_L5", "R6_UP_L4", "R7_UP_L3"), "upgrade"),
        (("R3_APPR_MID", "R4_APPR_HIGH", "R5_UP_L5", "R6_UP_L4", "R7_UP_L3"), "upgrade"),
        (("R9_FOUNDER",), "founder"),
    ],
)
def test_when_all_rules_of_a_kind_end_there_is_an_answer_and_no_money(
    publish: Any, judge: Any, codes: tuple[str, ...], form: str
) -> None:
    for code in codes:
        publish(end(code))
    for facts in (
        UNEMPLOYED,
        {**CERTIFIED, "certificate_on": BEGINS},
        FOUNDER,
        {},
        {"situations": ["APPRENTICE"]},
    ):
        for listed in (True, False, None):
            found = judge(BEGINS, facts, offer(listed=listed, form=form))
            if "R3_APPR_MID" in codes or facts != {"situations": ["APPRENTICE"]}:
                assert not found.subsidy_fen


def test_an_ended_rule_begins_again_with_a_new_amount(publish: Any, judge: Any) -> None:
    publish(end("R1_EMP_STD"))
    later = BEGINS + timedelta(days=10)
    publish(amount("R1_EMP_STD", 230_000, valid_from=later))
    course = offer(UNLISTED, listed=False)
    paid = [judge(day, UNEMPLOYED, course).subsidy_fen for day in (EVE, BEGINS, later)]
    assert paid == [220_000, 0, 230_000]


def test_the_book_with_a_draft_is_the_book_once_it_is_published(
    as_: Any, people: tuple[int, int], make: Any
) -> None:
    def told(book: RuleBook) -> Any:
        def key(entry: Any) -> Any:
            return (entry.code, entry.valid_from)

        return sorted(book.rules, key=key), sorted(book.limits, key=key)

    drafts = [amount("R2_EMP_SHORT", 310_000), end("R3_APPR_MID"), limit("uses_per_year", 2)]
    for draft in drafts:
        with as_(people[0]):
            version = draft(people[0])
            expected, without = told(services.rulebook_with(version)), told(services.rulebook())
            assert expected != without
        make.count_drafts()
        with as_(people[1]):
            versions.approve(db.session.get_one(type(version), version.id), actor_id=people[1])
        with as_(people[1]):
            assert told(services.rulebook()) == expected


def test_the_list_with_a_draft_is_the_drafts_from_its_first_day(
    as_: Any, people: tuple[int, int], make: Any
) -> None:
    city = make.region("130100").id
    with as_(people[0]):
        draft = ShortageList(
            region_id=city, name="示例", document_no="示例", valid_from=BEGINS, authored_by=people[0]
        )
        db.session.add(draft)
        db.session.flush()
        trade = make.trade(UNLISTED)
        db.session.add(
            ShortageListEntry(list_id=draft.id, region_id=city, trade_id=trade.id, position=1, name=trade.name)
        )
        db.session.flush()
        assert services.listed_with(draft) == {UNLISTED: 1}
        assert WELDER in services.listed_with(draft, on=EVE)
        assert WELDER in services.listed_trades(BEGINS)
        assert services.listed_with(SubsidyRule(valid_from=BEGINS)) == services.listed_trades(BEGINS)


def test_a_version_that_breaks_the_rule_book_is_not_saved(as_: Any, people: tuple[int, int], look: Any) -> None:
    with as_(people[0]):
        base = amendments.newest(PolicyParameter, code="plan_years")
        assert base is not None
        data = {**base.data, "when": {"fact": "nothing_of_the_kind", "is": True}}
        told = {"region_id": base.region_id, "code": base.code, "document_no": "示例", "valid_from": BEGINS}
        draft = PolicyParameter(**told, data=data, authored_by=people[0])
        with pytest.raises(DomainError) as refused:
            versions.save_draft(draft)
        db.session.rollback()
    assert refused.value.code == "version_does_not_fit"
    assert look("select count(*) from policy_parameters where authored_by is not null")[0][0] == 0


def test_the_files_loaded_again_undo_and_overlay_nothing_a_bureau_published(
    publish: Any, database: Any, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "select code, valid_from, valid_to, data from {} order by code, valid_from"
    publish(amount("R2_EMP_SHORT", 310_000))
    publish(limit("uses_per_year", 2))
    before = [look(rows.format(table)) for table in ("subsidy_rules", "policy_parameters")]
    real = store.loader.read_entries()
    (rule,) = (entry for entry in real["rule"] if entry["code"] == "R2_EMP_SHORT")
    later = {**rule, "valid_from": (BEGINS + timedelta(days=9)).isoformat()}
    closed = {**rule, "valid_to": later["valid_from"]}
    others = tuple(entry for entry in real["rule"] if entry is not rule)
    for files in (real, {**real, "rule": (*others, closed, later)}, real):
        monkeypatch.setattr(store.loader, "read_entries", lambda files=files: files)
        engine = sa.create_engine(database.owner_url)
        with Session(engine) as session, session.begin():
            store.load(session)
        engine.dispose()
        after = [look(rows.format(table)) for table in ("subsidy_rules", "policy_parameters")]
        assert [[row[:3] for row in table] for table in after] == [[row[:3] for row in table] for table in before]
    assert SimpleNamespace(**look(rows.format("subsidy_rules"))[2]._mapping).data["amount_fen"] in (
        250_000,
        310_000,
    )


def test_a_file_corrected_by_its_owners_corrects_what_it_loaded(
    database: Any, look: Any, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    real = store.loader.read_entries()
    corrected = tuple(
        {**entry, "note": "更正"} if entry["code"] == "R1_EMP_STD" else entry for entry in real["rule"]
    )
    engine = sa.create_engine(database.owner_url)
    for files, note in (({**real, "rule": corrected}, "更正"), (real, None)):
        monkeypatch.setattr(store.loader, "read_entries", lambda files=files: files)
        with Session(engine) as session, session.begin():
            store.load(session)
        (row,) = look("select data from subsidy_rules where code = 'R1_EMP_STD'")
        assert (row.data["note"] == note) is (note is not None)
    engine.dispose()
