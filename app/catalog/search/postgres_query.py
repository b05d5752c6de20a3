"""A plan as SQL over the stored documents. Pure: statements are built here and run elsewhere.

What to know of the speed: long values live outside the rows, so nothing that looks at many rows may touch `tokens`
or `card`. Words are therefore looked up in the GIN index as sets of cards; points for words are a look into such a
set. Grouping sets cannot be counted in parallel, but groups can: documents are first counted by all one-valued
facets at once, and what is added up afterwards are only some hundred groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.catalog.search.conditions import (
    MANY,
    AllOf,
    AnyOf,
    Between,
    Condition,
    Field,
    HasAll,
    Within,
)
from app.catalog.search.contract import FacetName
from app.catalog.search.models import CourseDocument, Suggestable
from app.catalog.search.ranking import Key, Part, Plan

Clause = sa.ColumnElement[bool]

docs: sa.Table = sa.inspect(CourseDocument).local_table  # type: ignore[assignment]
suggestables: sa.Table = sa.inspect(Suggestable).local_table  # type: ignore[assignment]

FEW = 8

ONE_VALUED = (FacetName.CATEGORY, FacetName.SHORTAGE, FacetName.LEVEL, FacetName.MODE)
_SCALARS = dict(zip(ONE_VALUED, (docs.c.category, docs.c.is_shortage, docs.c.level, docs.c.mode), strict=True))


# --- Conditions --------------------------------------------------------------------------------------------


def translate(condition: Condition, table: sa.FromClause = docs) -> Clause:
    """A condition as SQL; NULL counts as not holding, and nothing here is ever negated."""
    match condition:
        case AllOf(conditions):
            return sa.and_(sa.true(), *(translate(each, table) for each in conditions))
        case AnyOf(conditions):
            return sa.or_(sa.false(), *(translate(each, table) for each in conditions))
        case HasAll(tokens):
            return table.c.tokens.contains(_array(tokens, sa.Text())) if tokens else sa.true()
        case Within(field, values):
            return _within(table.c[field.value], field, values)
        case Between(Field.START_DATES, least, most):
            return _starts_between(table, least, most)
        case Between(field, least, most):
            column = table.c[field.value]
            bounds = [column >= least] if least is not None else []
            return sa.and_(column.is_not(None), *bounds, *([column <= most] if most is not None else []))


def _within(column: sa.ColumnElement[Any], field: Field, values: Collection[Any]) -> Clause:
    if not values:
        return sa.false()
    clause: Clause
    if field in MANY:
        clause = column.op("&&", is_comparison=True)(_array(values, cast("sa.ARRAY[Any]", column.type).item_type))
    elif len(values) == 1:
        clause = column == next(iter(values))
    elif len(values) <= FEW:
        clause = column == sa.any_(_array(values, column.type))
    else:
        # As a set that is looked into: an array of so many would be walked through for every row.
        clause = column.in_(sa.select(sa.func.unnest(_array(values, column.type))))
    return clause


def _starts_between(table: sa.FromClause, least: Any, most: Any) -> Clause:
    """Some date of the ascending `start_dates` lies between: more of them are up to `most` than before `least`."""
    starts = table.c.start_dates
    before = sa.func.width_bucket(least - timedelta(days=1), starts) if least is not None else 0
    return before < (sa.func.width_bucket(most, starts) if most is not None else sa.func.cardinality(starts))


def _array(values: Iterable[Any], of: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    return sa.literal(list(values), ARRAY(of))


# --- Hits --------------------------------------------------------------------------------------------------


def hits_statement(
    plan: Plan,
    *,
    size: int,
    offset: int = 0,
    without_cards: Collection[UUID] = (),
    without_tenants: Collection[int] = (),
) -> sa.Select[Any]:
    """Hits in order: card, institution, points, and every key."""
    points, source = _points(plan)
    keys = [docs.c[key.field.value] for key in plan.keys]
    where = [translate(plan.match), *(translate(condition) for condition in plan.chosen.values())]
    if without_cards:
        where.append(docs.c.card_id != sa.all_(_array(without_cards, sa.Uuid())))
    if without_tenants:
        where.append(docs.c.tenant_id != sa.all_(_array(without_tenants, sa.BigInteger())))
    return (
        sa.select(docs.c.card_id, docs.c.tenant_id, points.label("points"), *keys)
        .select_from(source)
        .where(*where)
        .order_by(*([sa.desc("points")] if plan.parts else []), *(_by(key) for key in plan.keys))
        .limit(size)
        .offset(offset)
    )


def exists_statement(plan: Plan) -> sa.Select[Any]:
    """Whether there is any hit."""
    where = [translate(plan.match), *(translate(condition) for condition in plan.chosen.values())]
    return sa.select(sa.exists(sa.select(docs.c.card_id).where(*where)))


def _by(key: Key) -> sa.ColumnElement[Any]:
    column = docs.c[key.field.value]
    return (column.desc() if key.is_descending else column.asc()).nulls_last()


def _points(plan: Plan) -> tuple[sa.ColumnElement[int], sa.FromClause]:
    """The sum of the parts that hold, and what it is read from: words are joined as the cards that have them."""
    source: sa.FromClause = docs

    def of_many(condition: Condition) -> Clause:
        nonlocal source
        match condition:
            case AllOf(conditions):
                return sa.and_(sa.true(), *(of_many(each) for each in conditions))
            case AnyOf(conditions):
                return sa.or_(sa.false(), *(of_many(each) for each in conditions))
            case HasAll(tokens) if tokens:
                other = docs.alias()
                having = sa.select(other.c.card_id).where(
                    translate(condition, other), translate(plan.match, other)
                )
                cards = having.subquery()
                source = source.outerjoin(cards, cards.c.card_id == docs.c.card_id)
                return cards.c.card_id.is_not(None)
            case _:
                return translate(condition)

    total: sa.ColumnElement[int] = sa.literal(0)
    for part in plan.parts:
        total = total + sa.case((of_many(part.condition), part.points), else_=0)
    return total, source


def held_columns(parts: Iterable[Part]) -> list[sa.ColumnElement[bool]]:
    """For few cards: whether each part holds, as `part_0`, `part_1`…"""
    return [translate(part.condition).label(f"part_{at}") for at, part in enumerate(parts)]


# --- Counts ------------------------------------------------------------------------------------------------


def counts_statement(plan: Plan) -> sa.Select[Any]:
    """Every one-valued facet, those of a yes or a window of days, the total and the classes.

    Rows: `grouping`, the facets' values, `n_` and the facet's name, `n_all`, `n_free`, `n_start_0`…, `n_runs`.
    """
    chosen = {name: f"chose_{name}" for name in plan.chosen}
    base = (
        sa.select(
            *(column.label(name.value) for name, column in _SCALARS.items()),
            translate(plan.free).label("is_free"),
            *(translate(plan.chosen[name]).label(label) for name, label in chosen.items()),
            sa.func.cardinality(docs.c.start_dates).label("runs"),
            *(translate(condition).label(f"start_{at}") for at, (_value, condition) in enumerate(plan.starts)),
        )
        .where(translate(plan.match))
        .subquery("base")
    )
    by = (
        [base.c[name.value] for name in _SCALARS] + [base.c.is_free] + [base.c[label] for label in chosen.values()]
    )
    groups = (
        sa.select(
            *by,
            sa.func.count().label("n"),
            sa.func.sum(base.c.runs).label("runs"),
            *(
                sa.func.count().filter(base.c[f"start_{at}"]).label(f"start_{at}")
                for at in range(len(plan.starts))
            ),
        )
        .group_by(*by)
        .subquery("groups")
    )

    def add(column: sa.ColumnElement[int], facet: FacetName | None, *more: Clause) -> sa.ColumnElement[int]:
        where = [*(groups.c[label] for name, label in chosen.items() if name is not facet), *more]
        return sa.func.coalesce(sa.func.sum(column).filter(sa.and_(sa.true(), *where)), 0)

    scalars = [groups.c[name.value] for name in _SCALARS]
    return sa.select(
        sa.func.grouping(*scalars).label("grouping"),
        *scalars,
        *(add(groups.c.n, name).label(f"n_{name.value}") for name in _SCALARS),
        add(groups.c.n, None).label("n_all"),
        add(groups.c.n, FacetName.FREE, groups.c.is_free).label("n_free"),
        *(add(groups.c[f"start_{at}"], FacetName.START).label(f"n_start_{at}") for at in range(len(plan.starts))),
        add(groups.c.runs, None).label("n_runs"),
    ).group_by(sa.func.grouping_sets(*scalars, sa.text("()")))


def regions_statement(plan: Plan) -> sa.Select[Any]:
    """Cards per region they are held in: counted per set of regions first, of which there are few."""
    where = [translate(condition) for condition in plan.others(FacetName.REGION)]
    sets = (
        sa.select(docs.c.region_ids, sa.func.count().label("n"))
        .where(translate(plan.match), *where)
        .group_by(docs.c.region_ids)
        .subquery("sets")
    )
    region = sa.func.unnest(sets.c.region_ids).table_valued("each").render_derived()
    return (
        sa.select(region.c.each, sa.func.sum(sets.c.n))
        .select_from(sa.join(sets, region, sa.true()))
        .group_by(region.c.each)
    )


def has_words(condition: Condition) -> bool:
    """Whether a condition looks at tokens."""
    match condition:
        case HasAll(tokens):
            return bool(tokens)
        case AllOf(conditions) | AnyOf(conditions):
            return any(has_words(each) for each in conditions)
        case Within(field) | Between(field):
            return field is Field.TOKENS


# --- Suggestions -------------------------------------------------------------------------------------------


def suggest_statement(kind: str, typed: str, *, most: int) -> sa.Select[Any]:
    """What of this kind begins with what was typed and is still there, by key; a text may come several times."""
    cut = (
        sa.select(suggestables.c.key, suggestables.c.text, suggestables.c.ref)
        .where(suggestables.c.kind == kind, suggestables.c.key.startswith(typed, autoescape=True))
        .order_by(sa.text("suggestables.key USING ~<~"), suggestables.c.text)
        .limit(most)
        .subquery("cut")
    )
    if kind == "institution":
        exists = sa.exists().where(docs.c.tenant_id == sa.cast(cut.c.ref, sa.BigInteger))
    else:
        exists = sa.exists().where(docs.c.card["title"].astext == cut.c.text)
    return sa.select(cut.c.text, cut.c.ref).where(exists).order_by(sa.text("cut.key USING ~<~"), cut.c.text)
