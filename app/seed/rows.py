"""Rows on their way into the database by COPY, with ids given here so that the same seed gives the same rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSTZMULTIRANGE

from app.db import Model
from app.pii import Encrypted, vault

Row = dict[str, Any]
_MISSING = object()


class _Table:
    """How one table's rows are written: its columns, their defaults and their conversions."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        table: sa.Table = sa.inspect(model).local_table  # type: ignore[assignment]
        self.name = table.name
        self.has_identity = "id" in table.c and table.c.id.identity is not None
        self.columns = tuple(
            (column.name, _default(column), _converter(column))
            for column in table.columns
            if column.computed is None
        )
        names = ", ".join(name for name, _default_, _convert in self.columns)
        self.copy_sql = f"COPY {self.name} ({names}) FROM STDIN"

    def tuples(self, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
        """The rows as COPY takes them; raises KeyError naming a column that must be given."""
        for row in rows:
            values = []
            for name, default, convert in self.columns:
                value = row.get(name, default)
                if value is _MISSING:
                    raise KeyError(f"{self.name}.{name}")
                values.append(convert(value) if convert is not None and value is not None else value)
            yield tuple(values)


def _default(column: sa.Column[Any]) -> Any:
    if isinstance(column.type, sa.ARRAY):
        return []
    if isinstance(column.type, TSTZMULTIRANGE):
        return "{}"
    if isinstance(column.default, sa.ColumnDefault) and column.default.is_scalar:
        return column.default.arg
    return None if column.nullable else _MISSING


def _converter(column: sa.Column[Any]) -> Callable[[Any], Any] | None:
    kind = column.type
    if isinstance(kind, Encrypted):
        purpose = kind.purpose
        return lambda text: vault().encrypt(text, purpose)
    if isinstance(kind, JSONB):
        return lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(kind, sa.Enum):
        return str
    if isinstance(kind, sa.DateTime):
        return lambda value: value if isinstance(value, str) else value.isoformat()
    return None


class Rows:
    """Collects rows by table and writes them in the order of their foreign keys."""

    def __init__(self, connection: sa.Connection, models: Iterable[type[Model]]) -> None:
        by_name = {str(model.__tablename__): model for model in models}
        ordered = [table.name for table in Model.metadata.sorted_tables if table.name in by_name]
        self._connection = connection
        self._tables = {name: _Table(by_name[name]) for name in ordered}
        self._waiting: dict[str, list[Row]] = defaultdict(list)
        self._last_id = {
            name: connection.scalar(sa.text(f"select coalesce(max(id), 0) from {name}")) or 0  # noqa: S608 - ours
            for name, table in self._tables.items()
            if table.has_identity
        }
        self.written: dict[str, int] = defaultdict(int)

    def add(self, model: type[Model], **values: Any) -> int:
        """Keep a row for the next flush; returns its id (0 for a table without one)."""
        name = str(model.__tablename__)
        if name in self._last_id:
            self._last_id[name] += 1
            values["id"] = self._last_id[name]
        self._waiting[name].append(values)
        return int(values.get("id", 0))

    def waiting(self, model: type[Model]) -> list[Row]:
        """The rows kept for the next flush."""
        return self._waiting[str(model.__tablename__)]

    def last(self, model: type[Model]) -> Row:
        """The row kept last, to finish it."""
        return self._waiting[str(model.__tablename__)][-1]

    def flush(self) -> None:
        """Write what was kept."""
        driver: Any = self._connection.connection.driver_connection
        with driver.cursor() as cursor:
            for name, table in self._tables.items():
                rows = self._waiting.pop(name, None)
                if not rows:
                    continue
                self.written[name] += len(rows)
                with cursor.copy(table.copy_sql) as copy:
                    for values in table.tuples(rows):
                        copy.write_row(values)

    def finish(self) -> None:
        """Set every identity past the ids given here, and let the planner know the new tables."""
        self.flush()
        for name, last in self._last_id.items():
            if last:
                self._connection.execute(
                    sa.text("select setval(pg_get_serial_sequence(:table, 'id'), :last)"),
                    {"table": name, "last": last},
                )
        for name in self.written:
            self._connection.exec_driver_sql(f"ANALYZE {name}")


@contextmanager
def walls_down(connection: sa.Connection, models: Iterable[type[Model]]) -> Iterator[None]:
    """Let the owner of these tables past their row-level security until the end of the block.

    Inside one transaction: nobody else ever sees a table without its wall, and a failure puts it back by rolling
    back.
    """
    scoped = [str(model.__tablename__) for model in models if model.__access__.is_scoped]
    for name in scoped:
        connection.exec_driver_sql(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    yield
    for name in scoped:
        connection.exec_driver_sql(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


@contextmanager
def references_down(connection: sa.Connection, models: Iterable[type[Model]]) -> Iterator[None]:
    """Take away these tables' foreign keys until the end of the block: all rows are checked at once there.

    Inside one transaction, with the walls down: a row that refers to nothing undoes everything.
    """
    names = [str(model.__tablename__) for model in models]
    constraints = connection.execute(
        sa.text(
            "select conrelid::regclass::text as name, quote_ident(conname) as what, "
            "pg_get_constraintdef(oid) as how "
            "from pg_constraint where contype = 'f' and conrelid = any(cast(:names as regclass[]))"
        ),
        {"names": names},
    ).all()
    for row in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {row.name} DROP CONSTRAINT {row.what}")
    yield
    for row in constraints:
        connection.exec_driver_sql(f"ALTER TABLE {row.name} ADD CONSTRAINT {row.what} {row.how}")


def multirange(periods: Iterable[tuple[datetime, datetime]]) -> str:
    """Periods as PostgreSQL writes a tstzmultirange."""
    return "{" + ",".join(f"[{start.isoformat()},{end.isoformat()})" for start, end in periods) + "}"
