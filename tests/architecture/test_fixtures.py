"""The tests' own floor: what one test leaves behind, the next does not find."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from flask import Flask

from app.policy.models import ShortageList, ShortageListEntry
from tests.factories import Make
from tests.support.database import clean


def test_a_list_drafted_by_a_test_goes_and_the_published_one_stays(
    app: Flask, make: Make, super_engine: sa.Engine
) -> None:
    def counts() -> list[tuple[bool, int, int]]:
        with super_engine.connect() as connection:
            rows = connection.execute(
                sa.text(
                    "select l.is_published, count(distinct l.id), count(e.id) from shortage_lists l "
                    "left join shortage_list_entries e on e.list_id = l.id group by 1 order by 1"
                )
            )
            return [tuple(row) for row in rows]

    before = counts()
    assert [row[0] for row in before] == [True]
    region_id = make.region().id
    draft = make.add(
        ShortageList(region_id=region_id, name="草稿", document_no="示例 9 号", valid_from=date(2099, 1, 1))
    )
    trade = make.trade()
    make.add(
        ShortageListEntry(list_id=draft.id, region_id=region_id, trade_id=trade.id, position=1, name=trade.name)
    )
    assert len(counts()) == 2
    clean(super_engine)
    assert counts() == before
