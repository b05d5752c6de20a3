"""Attempt limits that every process shares, counted in PostgreSQL.

Counts are written on connections of their own, each statement committed at once: an attempt counts even if the
request that made it is rolled back. Keys are stored as keyed hashes, so the table names no address and no login.
Flask-Limiter finds the storage under the scheme `jiangtu-postgres`; see `limiter_config`.
"""

from __future__ import annotations

import functools
import hmac
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits.storage import Storage
from sqlalchemy.exc import SQLAlchemyError

from app.config import Settings
from app.errors import DomainError, register
from app.i18n import lazy_gettext as _l
from app.pii import normalise

SCHEME = "jiangtu-postgres"

Source = str | sa.URL | sa.Engine
"""Where the table is: a database URL, or an engine whose URL is taken (its pool and its hooks are not)."""

register("locked_out", _l("尝试次数过多，请%(minutes)s分钟后再试。"))


class LockedOutError(DomainError):
    """Too many failures: code `locked_out`, parameter `minutes` (rounded up); `until` is the instant it ends."""

    def __init__(self, until: datetime, now: datetime) -> None:
        super().__init__("locked_out", minutes=max(1, math.ceil((until - now).total_seconds() / 60)))
        self.until = until


def attempt_engine(source: Source) -> sa.Engine:
    """The process's small autocommit engine for attempts, one per database.

    Never the app's engine: its hooks open a transaction for row-level security, and a rollback would forget.
    """
    return _engine(source.url if isinstance(source, sa.Engine) else sa.make_url(source))


@functools.cache
def _engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=2,
        max_overflow=6,
        pool_pre_ping=True,
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Losing the last half second of counts in a crash is nothing; waiting for the disk per attempt is not.
        connection.autocommit = True
        connection.execute("SET synchronous_commit TO off")

    return engine


class _Table:
    """Statements on `attempts` (key, count, expires_at), under hashed keys that start with their room."""

    def __init__(self, source: Source | Callable[[], Source], pepper: bytes, room: str) -> None:
        if len(pepper) < 16:
            raise ValueError("The pepper has at least 16 bytes.")
        self._source = source
        self._pepper = pepper
        self.room = room

    def hashed(self, key: str) -> str:
        return f"{self.room}:{hmac.digest(self._pepper, f'{self.room}:{key}'.encode(), 'sha256').hex()}"

    def run(self, sql: sa.TextClause, **values: object) -> sa.Row[*tuple[Any, ...]] | None:
        with self._connect() as connection:
            return connection.execute(sql, values).one_or_none()

    def delete(self, sql: sa.TextClause, **values: object) -> int:
        with self._connect() as connection:
            return connection.execute(sql, values).rowcount

    def _connect(self) -> sa.Connection:
        source = self._source
        return attempt_engine(source if isinstance(source, (str, sa.URL, sa.Engine)) else source()).connect()


_COUNT = sa.text(
    """
    INSERT INTO attempts AS a (key, count, expires_at)
    VALUES (:key, :amount, now() + make_interval(secs => :seconds))
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN a.expires_at <= now() THEN excluded.count ELSE a.count + excluded.count END,
        expires_at = CASE WHEN a.expires_at <= now() THEN excluded.expires_at ELSE a.expires_at END
    RETURNING count
    """
)
_READ = sa.text(
    "SELECT count, extract(epoch FROM expires_at)::float8 FROM attempts WHERE key = :key AND expires_at > now()"
)
_FORGET = sa.text("DELETE FROM attempts WHERE key = :key")
_FORGET_ROOM = sa.text("DELETE FROM attempts WHERE key LIKE :room")
_PURGE = sa.text("DELETE FROM attempts WHERE expires_at < now() - make_interval(secs => :seconds)")
_HEALTHY = sa.text("SELECT count(*) FROM (SELECT key FROM attempts LIMIT 1) AS sample")


class PostgresStorage(Storage):
    """The storage Flask-Limiter counts in (fixed windows), shared by every process through PostgreSQL.

    `source` says where the table is (a URL, an engine, or a callable that gives one, asked at each use); `pepper`
    is at least 16 secret bytes. The clock is the database's.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - the base class declares it as an instance variable

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = False,
        *,
        source: Source | Callable[[], Source],
        pepper: bytes,
        **options: float | str | bool,
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._table = _Table(source, pepper, "rate")

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a broken database raises."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` attempts in a window of `expiry` seconds that starts with its first; the new count."""
        row = self._table.run(_COUNT, key=self._table.hashed(key), amount=amount, seconds=expiry)
        assert row is not None  # the upsert always returns its row
        return int(row[0])

    def get(self, key: str) -> int:
        """The attempts counted in the current window."""
        row = self._table.run(_READ, key=self._table.hashed(key))
        return int(row[0]) if row else 0

    def get_expiry(self, key: str) -> float:
        """When the current window ends, in seconds since 1970; now if there is none."""
        row = self._table.run(_READ, key=self._table.hashed(key))
        return float(row[1]) if row else time.time()

    def check(self) -> bool:
        """Whether the table can be read."""
        try:
            self._table.run(_HEALTHY)
        except SQLAlchemyError:
            return False
        return True

    def reset(self) -> int | None:
        """Forget every limit (not the lock-outs); the number of rows forgotten."""
        return self._table.delete(_FORGET_ROOM, room="rate:%")

    def clear(self, key: str) -> None:
        """Forget one limit."""
        self._table.delete(_FORGET, key=self._table.hashed(key))


def limiter_config(source: Source | Callable[[], Source], pepper: bytes) -> dict[str, object]:
    """The configuration that makes Flask-Limiter count here; update `app.config` with it before `init_app`."""
    return {
        "RATELIMIT_STORAGE_URI": f"{SCHEME}://",
        "RATELIMIT_STORAGE_OPTIONS": {"source": source, "pepper": pepper},
        "RATELIMIT_STRATEGY": "fixed-window",
        "RATELIMIT_KEY_PREFIX": "",
    }


def purge_attempts(source: Source) -> int:
    """Delete rows that count for nothing any more, a day after they expire; the number deleted."""
    with attempt_engine(source).connect() as connection:
        return connection.execute(_PURGE, {"seconds": MEMORY.total_seconds()}).rowcount


# One row tells the whole story, so that one statement decides: a count that is a multiple of the threshold means
# locked until expires_at; any other count is remembered until expires_at. While locked, nothing is counted, so a
# burst neither lengthens the lock nor gets one guess more than the threshold.
_FAIL = sa.text(
    """
    INSERT INTO attempts AS a (key, count, expires_at)
    VALUES (:key, 1, now() + make_interval(secs => CASE WHEN :threshold = 1 THEN :lock ELSE :memory END))
    ON CONFLICT (key) DO UPDATE SET (count, expires_at) = (
        SELECT n.count, now() + make_interval(secs => CASE
            WHEN n.count % :threshold = 0
            THEN least(:longest, :lock * power(2, least(n.count / :threshold - 1, 20)))
            ELSE :memory END)
        FROM (SELECT CASE
            WHEN a.expires_at <= now() - make_interval(secs => CASE
                WHEN a.count % :threshold = 0 THEN :memory ELSE 0 END)
            THEN 1 ELSE a.count + 1 END AS count) AS n)
    WHERE NOT (a.count % :threshold = 0 AND a.expires_at > now())
    RETURNING count
    """
).bindparams(
    sa.bindparam("threshold", type_=sa.Integer),
    sa.bindparam("lock", type_=sa.Double),
    sa.bindparam("memory", type_=sa.Double),
    sa.bindparam("longest", type_=sa.Double),
)
_LOCKED = sa.text(
    "SELECT expires_at, now() FROM attempts WHERE key = :key AND count % :threshold = 0 AND expires_at > now()"
)

MEMORY = timedelta(days=1)
"""How long failures, and the length of the last lock, are remembered."""


class Lockout:
    """Locks a key (a login, a desk) after repeated failures: 5 failures, 15 minutes, twice as long each time.

    Locks whatever was typed, so that it tells nobody which accounts exist. Use `attempt` before looking at the
    secret and `clear` when it was right: counting first leaves parallel guesses no gap.
    """

    def __init__(
        self,
        source: Source | Callable[[], Source],
        pepper: bytes,
        *,
        threshold: int = 5,
        lock: timedelta = timedelta(minutes=15),
        longest: timedelta = timedelta(hours=12),
    ) -> None:
        if threshold < 1 or longest > MEMORY:
            raise ValueError("The threshold is at least 1 and no lock is longer than the memory of it.")
        self._table = _Table(source, pepper, "lock")
        self._threshold = threshold
        self._lock = lock
        self._longest = longest

    def check(self, key: str) -> None:
        """Raise LockedOutError while the key is locked."""
        row = self._table.run(_LOCKED, key=self._hashed(key), threshold=self._threshold)
        if row is not None:
            raise LockedOutError(row[0].astimezone(UTC), row[1].astimezone(UTC))

    def fail(self, key: str) -> bool:
        """Count a failure, locking the key at each fifth; False, counting nothing, if it was locked already."""
        row = self._table.run(
            _FAIL,
            key=self._hashed(key),
            threshold=self._threshold,
            lock=self._lock.total_seconds(),
            longest=self._longest.total_seconds(),
            memory=MEMORY.total_seconds(),
        )
        return row is not None

    def attempt(self, key: str) -> None:
        """Count an attempt as failed before it is made; raises LockedOutError, counting nothing, while locked."""
        while not self.fail(key):
            self.check(key)  # passes only if the lock ended between the two statements: count again

    def clear(self, key: str) -> None:
        """Forget the failures: the secret was right."""
        self._table.delete(_FORGET, key=self._hashed(key))

    def _hashed(self, key: str) -> str:
        return self._table.hashed(normalise(key))


limiter = Limiter(key_func=get_remote_address)
"""Limits on views, by address: `@limiter.limit("10 per minute")`; `key_func=by_account` counts the signed in."""


def by_account() -> str:
    """Whose request it is: the account, from wherever it comes, so that a shared address is nobody's limit."""
    user = session.get("_user_id")
    return f"account:{user.partition(':')[0]}" if user else get_remote_address()


_lockout: Lockout | None = None


def lockout() -> Lockout:
    """The process's lock-out; raises RuntimeError before `init_app`."""
    if _lockout is None:
        raise RuntimeError("limits.init_app(app) has not been called.")
    return _lockout


def init_app(app: Flask) -> None:
    """Count the app's limits in its database; the pepper is derived from the blind-index key of its SETTINGS."""
    global _lockout
    settings: Settings = app.config["SETTINGS"]
    pepper = hmac.digest(settings.blind_index_key, b"attempts", "sha256")
    app.config.update(limiter_config(settings.database_url, pepper))
    limiter.init_app(app)
    _lockout = Lockout(settings.database_url, pepper)
