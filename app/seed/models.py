"""The mark a demo city leaves: while it is there, production settings are refused."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model
from app.rls import GLOBAL


class DemoMarker(Model):
    """One row: with what the demo city was built. Global, so that the app's role can see it without a scope."""

    __tablename__ = "demo_marker"
    __access__ = GLOBAL()
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    built_for: Mapped[date]
    scale: Mapped[int]
