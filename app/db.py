"""The database: one PostgreSQL, typed models, one naming convention."""

from __future__ import annotations

import os
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from app.config import ConfigError
from app.rls import Access

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

APP_ROLE = "jiangtu_app"

Id = Annotated[int, mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)]
BigRef = Annotated[int, mapped_column(sa.BigInteger)]
Instant = Annotated[datetime, mapped_column(sa.DateTime(timezone=True))]
Created = Annotated[datetime, mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())]
Codes = Annotated[list[str], mapped_column(ARRAY(sa.Text), server_default="{}")]


class Model(DeclarativeBase):
    """Base of every table; each declares who may see its rows in `__access__`."""

    __abstract__ = True
    __access__: ClassVar[Access]
    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: sa.Text,
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        datetime: sa.DateTime(timezone=True),
    }


db = SQLAlchemy(metadata=Model.metadata, session_options={"expire_on_commit": False})


def models() -> dict[str, type[Model]]:
    """Every model by its table's name."""
    return {mapper.local_table.name: mapper.class_ for mapper in Model.registry.mappers}  # type: ignore[attr-defined]


def enum(kind: type[StrEnum]) -> sa.Enum:
    """A text column that holds only the enum's values (a CHECK, so new values need no table rewrite)."""
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
        name=kind.__name__.lower(),
        length=40,
    )


def same_tenant(table: str, *columns: str) -> sa.ForeignKeyConstraint:
    """A composite foreign key (tenant_id, column): the database refuses another tenant's row."""
    (column,) = columns
    return sa.ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


def refuse_unsafe_role(engine: sa.Engine) -> None:
    """Raise if the database role could see past row-level security or owns tables (law 1)."""
    with engine.connect() as connection:
        row = connection.execute(
            sa.text(
                "select r.rolname, r.rolsuper, r.rolbypassrls, exists(select 1 from pg_class c "
                "join pg_namespace n on n.oid = c.relnamespace where pg_has_role(r.oid, c.relowner, 'MEMBER') "
                "and c.relkind in ('r', 'p') "
                "and n.nspname not like 'pg_%') as owns from pg_roles r where r.rolname = current_user"
            )
        ).one()
        if row.rolsuper or row.rolbypassrls or row.owns:
            raise ConfigError(
                f"DATABASE_URL signs in as {row.rolname}, which is a superuser, bypasses row-level security or "
                "owns tables. Use the app's own role; give the owner's as MIGRATION_DATABASE_URL."
            )


def owner_engine() -> sa.Engine:
    """An engine that signs in as the owner of the tables; raises ConfigError without MIGRATION_DATABASE_URL."""
    url = os.environ.get("MIGRATION_DATABASE_URL")
    if not url:
        raise ConfigError("MIGRATION_DATABASE_URL is not set: this command runs as the owner of the tables.")
    return sa.create_engine(url, poolclass=sa.NullPool)
