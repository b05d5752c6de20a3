"""Which version of the shortage list decides: that of the day of filing, or that of the day of the certificate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from app import scope
from app.policy import services
from app.policy.models import ShortageList, ShortageListEntry
from app.policy.verdict import Verdict
from tests.factories.policy import UNLISTED, WELDER
from tests.policy.book import CERTIFIED, UNEMPLOYED

CHANGE = date(2027, 1, 1)
LAST_DAY = date(2026, 12, 31)


@pytest.fixture
def second_list(app: Any, make: Any) -> Iterator[None]:
    """From the day of change on, another list: the welder is off it, and the trade that was not is on it."""
    session = make.session
    (first,) = session.scalars(sa.select(ShortageList)).all()
    first.valid_to = CHANGE
    session.flush()
    second = ShortageList(
        region_id=first.region_id,
        name="测试目录",
        document_no="示例〔2027〕1号",
        is_sample=False,
        valid_from=CHANGE,
        is_published=True,
    )
    session.add(second)
    session.flush()
    trade = make.trade(UNLISTED)
    session.add(
        ShortageListEntry(
            list_id=second.id,
            region_id=first.region_id,
            trade_id=trade.id,
            position=1,
            name=trade.name,
            is_published=True,
        )
    )
    session.commit()
    try:
        with app.app_context(), scope.opened(scope.VISITOR):
            yield
    finally:
        session.execute(sa.text("delete from shortage_lists where not is_sample"))
        session.execute(sa.text("update shortage_lists set valid_to = null"))
        session.commit()


def verdict(facts: dict[str, Any], code: str, form: str, on: date) -> Verdict:
    offer = services.offer_for(
        trade=SimpleNamespace(code=code, label="示例"),
        level=5,
        fee_fen=300_000,
        form=form,
        tenant_id=0,
        is_subsidised=True,
        on=on,
    )
    return services.verdict(facts=facts, offer=replace(offer, designated=True), on=on)


@pytest.mark.usefixtures("second_list")
@pytest.mark.parametrize(
    ("code", "on", "rule", "yuan"),
    [
        (WELDER, LAST_DAY, "R2_EMP_SHORT", 2500),
        (WELDER, CHANGE, "R1_EMP_STD", 2200),
        (UNLISTED, LAST_DAY, "R1_EMP_STD", 2200),
        (UNLISTED, CHANGE, "R2_EMP_SHORT", 2500),
    ],
)
def test_a_class_filed_the_day_before_the_list_changes_keeps_the_old_list(
    code: str, on: date, rule: str, yuan: int
) -> None:
    found = verdict(UNEMPLOYED, code, "employment", on)
    assert found.is_plain_yes
    assert (found.rule_code, found.subsidy_fen) == (rule, yuan * 100)


@pytest.mark.usefixtures("second_list")
@pytest.mark.parametrize(
    ("code", "issued", "yuan"),
    [
        (WELDER, LAST_DAY, 1100),
        (WELDER, CHANGE, 1000),
        (UNLISTED, LAST_DAY, 1000),
        (UNLISTED, CHANGE, 1100),
    ],
)
@pytest.mark.parametrize("claimed", [CHANGE, date(2027, 3, 1)])
def test_the_uplift_of_a_certificate_goes_by_the_list_of_its_day_whenever_it_is_claimed(
    code: str, issued: date, yuan: int, claimed: date
) -> None:
    found = verdict({**CERTIFIED, "certificate_on": issued}, code, "upgrade", claimed)
    assert found.is_plain_yes
    assert found.subsidy_fen == yuan * 100
