"""The region tree: what lies below a node, and where organisations may register."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import db
from app.scope import Scope
from app.tenants.models import Region, RegionKind


def regions_below(region_id: int) -> list[int]:
    """The region's id and those of all regions below it."""
    tree = sa.select(Region.id).where(Region.id == region_id).cte("tree", recursive=True)
    tree = tree.union_all(sa.select(Region.id).where(Region.parent_id == tree.c.id))
    return list(db.session.scalars(sa.select(tree.c.id).order_by(tree.c.id)))


def regions_above(region_id: int) -> list[int]:
    """The region's id, its parent's, and so on to the root."""
    path = sa.select(Region.id, Region.parent_id, sa.literal(0).label("up")).where(Region.id == region_id)
    tree = path.cte("path", recursive=True)
    tree = tree.union_all(
        sa.select(Region.id, Region.parent_id, tree.c.up + 1).where(Region.id == tree.c.parent_id)
    )
    return list(db.session.scalars(sa.select(tree.c.id).order_by(tree.c.up)))


def everywhere() -> Scope:
    """The scope of every region, for jobs that look after all of them."""
    return Scope(region_ids=tuple(db.session.scalars(sa.select(Region.id).order_by(Region.id))))


def county_level() -> list[Region]:
    """Every county-level unit, by code: where an organisation can be."""
    query = sa.select(Region).where(Region.kind != RegionKind.CITY).order_by(Region.code)
    return list(db.session.scalars(query))
