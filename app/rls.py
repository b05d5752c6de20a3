"""Row-level security: the access a table declares, and the two walls made of that declaration.

One declaration on a model gives the PostgreSQL policies (the second wall, written by a migration) and the
ORM criteria (the first wall, added to every query by `app.scope`). Speed and traps: docs/tenancy.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY


class Kind(StrEnum):
    """Who a table belongs to."""

    OWNED = "OWNED"
    SHARED = "SHARED"
    PUBLISHED = "PUBLISHED"
    GLOBAL = "GLOBAL"


# How each party's column is compared with the transaction's scope. `nullif` because a setting that was set
# locally once reads '' afterwards, not null; the sub-select makes PostgreSQL evaluate it once per query.
_PARTY_SQL = {
    "actor": "{column} = (select nullif(current_setting('app.actor_id', true), '')::bigint)",
    "tenant": "{column} = (select nullif(current_setting('app.tenant_id', true), '')::bigint)",
    "bureau": "{column} = any((select string_to_array("
    "nullif(current_setting('app.region_ids', true), ''), ',')::bigint[])::bigint[])",
    "presented": "{column} = (select nullif(current_setting('app.presented', true), ''))",
}


_PARTY_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "actor": sa.BigInteger(),
    "tenant": sa.BigInteger(),
    "bureau": ARRAY(sa.BigInteger),
    "presented": sa.Text(),
}


class _Asked(sa.BindParameter[Any]):
    """A party's value, asked for when a statement runs: one name per party, so that a statement sends it once.

    It takes no annotations: SQLAlchemy looks every parameter up at every run, and tells annotated ones apart by
    building an expression of the two, which was a fifth of a request.
    """

    inherit_cache = True

    def __init__(self, party: str, value: Callable[[str], Any]) -> None:
        super().__init__(f"scope_{party}", callable_=partial(value, party), type_=_PARTY_TYPES[party])

    def _annotate(self, values: Any) -> Any:
        return self


@dataclass(frozen=True)
class Access:
    """What a table declares: its kind, the column of each party, and what the app role may do."""

    kind: Kind
    parties: tuple[tuple[str, str], ...] = ()
    readers: tuple[tuple[str, str], ...] = ()
    published: str | None = None
    grants: str = "select, insert, update, delete"

    @property
    def is_scoped(self) -> bool:
        """Whether rows are hidden by scope."""
        return self.kind is not Kind.GLOBAL

    def write_sql(self) -> str:
        """The policy expression for rows the scope may write (and read)."""
        clauses = [_PARTY_SQL[party].format(column=column) for party, column in self.parties]
        return " or ".join(clauses) or "false"

    def read_sql(self) -> str:
        """The policy expression for rows the scope may read beyond those it may write."""
        clauses = [_PARTY_SQL[party].format(column=column) for party, column in self.readers]
        if self.published:
            clauses.append(self.published)
        return " or ".join(clauses)

    def criteria(self, model: Any, value: Callable[[str], Any]) -> sa.ColumnElement[bool]:
        """The same rule as an ORM criterion (the first wall).

        `value(party)` is asked whenever a statement runs, so one expression serves every scope; nobody's value is
        null, which equals nothing.
        """
        clauses: list[sa.ColumnElement[bool]] = []
        for party, column in (*self.parties, *self.readers):
            asked = _Asked(party, value)
            clauses.append(getattr(model, column) == (sa.any_(asked) if party == "bureau" else asked))
        if self.published:
            clauses.append(getattr(model, self.published).is_(True))
        return sa.or_(*clauses) if clauses else sa.false()


def _parties(parties: dict[str, str | tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for party, columns in parties.items():
        pairs.extend((party, column) for column in ((columns,) if isinstance(columns, str) else columns))
    return tuple(pairs)


def OWNED(
    *,
    grants: str = "select, insert, update, delete",
    read: dict[str, str | tuple[str, ...]] | None = None,
    **parties: str | tuple[str, ...],
) -> Access:
    """Rows of one party, found by any of the given columns; `read=` names parties that may only look."""
    return Access(Kind.OWNED, _parties(parties), _parties(read or {}), grants=grants)


def SHARED(
    *,
    grants: str = "select, insert, update, delete",
    read: dict[str, str | tuple[str, ...]] | None = None,
    **parties: str | tuple[str, ...],
) -> Access:
    """Rows several parties share; each finds them by its own column."""
    return Access(Kind.SHARED, _parties(parties), _parties(read or {}), grants=grants)


def PUBLISHED(
    *,
    when: str,
    grants: str = "select, insert, update, delete",
    read: dict[str, str | tuple[str, ...]] | None = None,
    **parties: str | tuple[str, ...],
) -> Access:
    """Rows everyone may read while the boolean column `when` is true; the parties read and write theirs."""
    return Access(Kind.PUBLISHED, _parties(parties), _parties(read or {}), published=when, grants=grants)


def GLOBAL(*, grants: str = "select") -> Access:
    """Rows without personal or tenant data; `grants` is all the app role may do with them."""
    return Access(Kind.GLOBAL, grants=grants)


def policies_sql(table: str, access: Access, role: str) -> list[str]:
    """The statements that put `access` on `table` for the app role; run by migrations as the owner."""
    statements = [f"REVOKE ALL ON {table} FROM {role}", f"GRANT {access.grants} ON {table} TO {role}"]
    if access.is_scoped:
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            (
                f"CREATE POLICY scope_write ON {table} FOR ALL USING ({access.write_sql()}) "
                f"WITH CHECK ({access.write_sql()})"
            ),
        ]
        if access.read_sql():
            statements.append(f"CREATE POLICY scope_read ON {table} FOR SELECT USING ({access.read_sql()})")
    return statements
