"""The tenant scope of a request or job: opened once at the boundary, never nested.

Wall one (here): an ORM hook adds each table's criteria to every SELECT, UPDATE and DELETE.
Wall two (`app.rls`): the scope's values travel with BEGIN into PostgreSQL's row-level security.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import ORMExecuteState, Session, scoped_session
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql.visitors import iterate


class ScopeError(RuntimeError):
    """A scope was opened inside another, or used after its end."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Who acts, for which tenant, in which role, over which regions."""

    actor_id: int | None = None
    tenant_id: int | None = None
    tenant_kind: str | None = None
    role: str | None = None
    region_ids: tuple[int, ...] = ()
    presented: str | None = None

    def as_job_args(self) -> dict[str, Any]:
        """The scope as plain values a job can carry; what was presented is never carried."""
        return {
            "actor_id": self.actor_id,
            "tenant_id": self.tenant_id,
            "tenant_kind": self.tenant_kind,
            "role": self.role,
            "region_ids": list(self.region_ids),
        }

    @classmethod
    def from_job_args(cls, args: dict[str, Any]) -> Scope:
        """The scope a job carries; the inverse of `as_job_args`."""
        return cls(**{**args, "region_ids": tuple(args.get("region_ids") or ())})


VISITOR = Scope()
_current: ContextVar[Scope | None] = ContextVar("jiangtu_scope", default=None)


def current() -> Scope | None:
    """The open scope, or None: then every scoped table is empty."""
    return _current.get()


def require() -> Scope:
    """The open scope; raises ScopeError if none is open."""
    scope = _current.get()
    if scope is None:
        raise ScopeError("no scope is open: open one at the request or job boundary")
    return scope


@contextmanager
def opened(scope: Scope) -> Iterator[Scope]:
    """Open the scope for one request or job; raises ScopeError if one is open already."""
    if _current.get() is not None:
        raise ScopeError("a scope is already open: scopes are never nested")
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)


def present(session: Session | scoped_session[Any], value: str) -> None:
    """Let this transaction also see rows that carry `value`: a login name or a token's hash someone presented.

    This is how sign-in finds a user before anyone is signed in, without any bypass: only the exact value opens
    its own row.
    """
    _current.set(replace(require(), presented=value))
    session.execute(sa.text("select set_config('app.presented', :value, true)"), {"value": value})


def grow(
    session: Session | scoped_session[Any], *, actor_id: int | None = None, tenant_id: int | None = None
) -> Scope:
    """Let a scope without an actor (or tenant) gain one mid-transaction: signing in or up, registering, joining.

    Raises ScopeError if the scope already has a different one: a scope grows, it never changes.
    """
    scope = require()
    for name, value in (("actor_id", actor_id), ("tenant_id", tenant_id)):
        if value is None:
            continue
        if getattr(scope, name) not in (None, value):
            raise ScopeError(f"the scope already has another {name}")
        session.execute(
            sa.text("select set_config(:name, :value, true)"), {"name": f"app.{name}", "value": str(value)}
        )
        grown: dict[str, Any] = {name: value}
        scope = replace(scope, **grown)
    _current.set(scope)
    return scope


def begin_sql(scope: Scope | None) -> str:
    """BEGIN and the scope's settings as one statement, so that the scope costs no extra round trip."""
    if scope is None:
        return "BEGIN"
    parts = ["BEGIN"]
    if scope.actor_id is not None:
        parts.append(f"SET LOCAL app.actor_id = '{int(scope.actor_id)}'")
    if scope.tenant_id is not None:
        parts.append(f"SET LOCAL app.tenant_id = '{int(scope.tenant_id)}'")
    if scope.region_ids:
        parts.append(f"SET LOCAL app.region_ids = '{','.join(str(int(r)) for r in scope.region_ids)}'")
    return "; ".join(parts)


_question: ContextVar[str | None] = ContextVar("jiangtu_question", default=None)
_ANSWER = "jiangtu_answer"


def ask_first(session: Session | scoped_session[Any], question: str) -> Any:
    """The one value a statement without parameters finds, None if there is none.

    Where the transaction begins with it, it travels with BEGIN and takes no round trip of its own.
    """
    own = session() if isinstance(session, scoped_session) else session
    if own.in_transaction():
        return own.scalar(sa.text(question))
    token = _question.set(question)
    try:
        connection = own.connection()
    finally:
        _question.reset(token)
    # An engine without walls does not know of questions.
    return connection.info.pop(_ANSWER) if _ANSWER in connection.info else connection.scalar(sa.text(question))


def install(engine: Engine) -> None:
    """Make every transaction of this engine begin with the open scope (wall two)."""

    @event.listens_for(engine, "connect")
    def _autocommit(connection: Any, _record: Any) -> None:
        connection.autocommit = True  # BEGIN is ours to send, with the scope in the same round trip

    @event.listens_for(engine, "checkout")
    def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
        # A server that stopped has said so on every idle connection. Asking the socket costs no round trip, and
        # the request that comes first after a restart is answered instead of being an error page.
        if connection.closed or _has_something_to_say(connection.fileno()):
            raise sa.exc.InvalidatePoolError

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        scope = current()
        driver = connection.connection.driver_connection
        assert driver is not None
        question = _question.get()
        if question is None:
            driver.execute(begin_sql(scope))
        else:
            cursor = driver.execute(f"{begin_sql(scope)}; {question}")
            while cursor.nextset():
                pass
            row = cursor.fetchone()
            connection.info[_ANSWER] = None if row is None else row[0]
        if scope is not None and scope.presented is not None:
            driver.execute("select set_config('app.presented', %s, true)", (scope.presented,))


def _has_something_to_say(fileno: int) -> bool:
    """Whether anything waits to be read on a socket on which nothing was asked."""
    poll = select.poll()
    poll.register(fileno, select.POLLIN)
    return bool(poll.poll(0))


class _Criteria(LoaderCriteriaOption):
    """`with_loader_criteria` for a plain expression, which SQLAlchemy does not adapt to an alias that is joined.

    Its own answer, a lambda, is cached by its code and would keep the first caller's scope.
    """

    _traverse_internals = LoaderCriteriaOption._traverse_internals

    def _resolve_where_criteria(self, ext_info: Any) -> sa.ColumnElement[bool]:
        criterion = super()._resolve_where_criteria(ext_info)
        return ext_info._adapter.traverse(criterion) if ext_info.is_aliased_class else criterion


def _value(party: str) -> Any:
    """What the open scope holds for a party of an access declaration."""
    scope = current() or VISITOR
    return {
        "actor": scope.actor_id,
        "tenant": scope.tenant_id,
        "bureau": list(scope.region_ids),
        "presented": scope.presented,
    }[party]


def install_orm_wall(session: Any, models_by_table: Callable[[], dict[str, Any]]) -> None:
    """Add each scoped model's criteria to every ORM statement of the session (wall one).

    `models_by_table` maps table name to model for the scoped models; it is asked once, at the first query. The
    criteria ask for the scope only when they run, so a statement made once keeps its walled form, and SQLAlchemy
    its compiled one.
    """
    criteria: dict[str, _Criteria] = {}
    walled: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def wall(statement: Any) -> Any:
        names = {element.name for element in iterate(statement) if isinstance(element, sa.Table)}
        return statement.options(*(criteria[name] for name in sorted(names) if name in criteria))

    @event.listens_for(session, "do_orm_execute")
    def _add_criteria(state: ORMExecuteState) -> None:
        if state.is_column_load or not (state.is_select or state.is_update or state.is_delete):
            return
        if not criteria:
            for name, model in models_by_table().items():
                expression = model.__access__.criteria(model, _value)
                criteria[name] = _Criteria(model, expression, include_aliases=True, propagate_to_loaders=False)
        found = walled.get(state.statement)
        if found is None:
            found = walled[state.statement] = wall(state.statement)
        state.statement = found
