"""The corpus: a demo city of one day, always the same, with every trade in it; its cards, read past the search."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from app.catalog.search.choices import LEVELS, MODES
from tests.relevance.judging import JudgedCard
from tests.support.database import ROOT, Database, migrate

TODAY = date(2026, 11, 23)
# This number gives two blocks of institutions that teach every trade between them.
CITY = ("seed", "--today", TODAY.isoformat(), "--seed", "18", "--scale", "2", "--courses", "3000")

_CARDS = """
select r.card_id::text as card_id, min(r.title) as title, min(t.name) as trade,
  min(coalesce(nullif(t.variant, ''), t.name)) as label, min(t.name_en) as trade_en, min(t.category) as category,
  min(c.tenant_name) as institution, min(g.name) as region, min(g.name_en) as region_en, min(r.mode) as mode,
  coalesce(min(r.level), 0) as level, min(r.form) as form, min(r.theory_hours) as theory_hours,
  min(r.practice_hours) as practice_hours, min(r.fee_fen) / 100 as fee, bool_or(r.is_subsidised) as is_subsidised,
  string_agg(r.content || ' ' || r.place, ' ' order by c.id) as content,
  array(
    select distinct to_char(x.starts_on, 'YYYY-MM')
    from course_runs x join course_revisions y on y.course_id = x.course_id and y.is_live
    where y.card_id = r.card_id and x.is_public and x.state = 'open' and x.starts_on >= :on
  ) as months,
  exists (
    select from shortage_list_entries e
    join shortage_lists l on l.id = e.list_id join trades listed on listed.id = e.trade_id
    where listed.code = min(t.code) and l.is_published and l.valid_from <= :on
    and (l.valid_to is null or l.valid_to > :on)
  ) as is_shortage
from courses c
join course_revisions r on r.course_id = c.id and r.is_live
join trades t on t.id = r.trade_id
join regions g on g.id = c.region_id
where c.is_live
group by r.card_id
order by min(c.id)
"""


def build(database: Database, folder: Path) -> None:
    """Build the city in a new database, as an operator does."""
    migrate(database, folder)
    done = subprocess.run(
        [sys.executable, "-m", "flask", *CITY],
        cwd=ROOT,
        env=database.environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"flask {' '.join(CITY)}:\n{done.stdout}\n{done.stderr}")


def read(engine: sa.Engine) -> list[tuple[JudgedCard, dict[str, str]]]:
    """Every card as it is judged, with the texts of it that a search engine can be given."""
    with engine.connect() as connection:
        rows = connection.execute(sa.text(_CARDS), {"on": TODAY}).mappings().all()
    return [(_judged(row), dict(_texts(row))) for row in rows]


def _judged(row: sa.RowMapping) -> JudgedCard:
    values = {field.name: row[field.name] for field in fields(JudgedCard)}
    return JudgedCard(**{**values, "months": frozenset(row["months"])})


def _texts(row: sa.RowMapping) -> Iterator[tuple[str, str]]:
    yield "title", row["title"]
    yield "trade", " ".join((row["trade"], row["label"], row["trade_en"], row["category"]))
    yield "institution", row["institution"]
    yield "region", f"{row['region']} {row['region_en']}"
    yield "said", " ".join((*MODES[row["mode"]], *LEVELS.get(row["level"], ())))
    yield "content", row["content"]
