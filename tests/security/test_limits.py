"""Attempt limits and lock-outs, on real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, current_app
from flask_limiter import Limiter
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app import errors, limits
from app.config import Settings
from app.limits import (
    LockedOutError,
    Lockout,
    PostgresStorage,
    attempt_engine,
    limiter_config,
    purge_attempts,
)

PEPPER = b"a secret for tests"


def wide(text: str) -> str:
    """The same text in the full-width characters of a Chinese input method."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


@pytest.fixture(autouse=True)
def _no_attempts(engine: sa.Engine) -> Iterator[None]:
    def forget() -> None:
        with attempt_engine(engine).connect() as connection:
            connection.execute(sa.text("DELETE FROM attempts"))

    forget()
    yield
    forget()


@pytest.fixture
def storage(engine: sa.Engine) -> PostgresStorage:
    return PostgresStorage(source=engine, pepper=PEPPER)


@pytest.fixture
def lockout(engine: sa.Engine) -> Lockout:
    return Lockout(engine, PEPPER)


def _let_time_pass(engine: sa.Engine, passed: timedelta) -> None:
    with attempt_engine(engine).connect() as connection:
        connection.execute(sa.text("UPDATE attempts SET expires_at = expires_at - :passed"), {"passed": passed})


def _keys(engine: sa.Engine) -> list[str]:
    with attempt_engine(engine).connect() as connection:
        return list(connection.scalars(sa.text("SELECT key FROM attempts ORDER BY key")))


def _fail(lockout: Lockout, key: str, times: int) -> None:
    for _ in range(times):
        assert lockout.fail(key)


def test_the_limit_library_finds_the_storage_by_its_scheme(engine: sa.Engine) -> None:
    # The library types its options as plain values but passes any on to the storage.
    options: dict[str, object] = {"source": engine, "pepper": PEPPER}
    found = storage_from_string("jiangtu-postgres://", **options)  # type: ignore[arg-type]
    assert isinstance(found, PostgresStorage)


def test_attempts_are_counted_until_their_window_ends(engine: sa.Engine, storage: PostgresStorage) -> None:
    assert storage.get("k") == 0
    assert [storage.incr("k", 60) for _ in range(3)] == [1, 2, 3]
    assert storage.incr("k", 60, amount=2) == storage.get("k") == 5
    assert storage.get("other") == 0
    _let_time_pass(engine, timedelta(seconds=61))
    assert storage.get("k") == 0
    assert storage.incr("k", 60) == 1


def test_the_window_ends_when_the_first_attempt_said(engine: sa.Engine, storage: PostgresStorage) -> None:
    storage.incr("k", 3600)
    ends = storage.get_expiry("k")
    storage.incr("k", 7200)
    assert storage.get_expiry("k") == ends > time.time()
    _let_time_pass(engine, timedelta(hours=2))
    assert storage.get_expiry("k") < ends


def test_an_attempt_counts_even_if_its_request_is_rolled_back(engine: sa.Engine, storage: PostgresStorage) -> None:
    with engine.connect() as request:
        request.execute(sa.text("SELECT 1"))
        storage.incr("k", 60)
        request.rollback()
    assert storage.get("k") == 1


def test_parallel_attempts_are_all_counted(storage: PostgresStorage) -> None:
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: storage.incr("k", 60), range(80)))
    assert sorted(counts) == list(range(1, 81))


def test_keys_are_stored_without_address_or_login(
    engine: sa.Engine, storage: PostgresStorage, lockout: Lockout
) -> None:
    storage.incr("LIMITER/203.0.113.7/sign_in", 60)
    lockout.fail("wangxiaoqiang")
    stored = " ".join(_keys(engine))
    assert "203.0.113.7" not in stored
    assert "wang" not in stored
    PostgresStorage(source=engine, pepper=b"another secret for tests").incr("LIMITER/203.0.113.7/sign_in", 60)
    assert len(_keys(engine)) == 3


def test_one_limit_is_forgotten_or_all_of_them_but_never_a_lock(
    engine: sa.Engine, storage: PostgresStorage, lockout: Lockout
) -> None:
    for key in ("a", "b", "c"):
        storage.incr(key, 60)
    lockout.fail("a")
    storage.clear("a")
    assert (storage.get("a"), storage.get("b")) == (0, 1)
    assert storage.reset() == 2
    assert [key.split(":")[0] for key in _keys(engine)] == ["lock"]


def test_the_storage_knows_whether_it_can_be_reached(storage: PostgresStorage, tmp_path: object) -> None:
    assert storage.check()
    nowhere = PostgresStorage(source=f"postgresql+psycopg:///none?host={tmp_path}", pepper=PEPPER)
    assert not nowhere.check()


def test_a_short_pepper_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        PostgresStorage(source=engine, pepper=b"short")


def test_the_source_may_be_asked_for_when_it_is_needed(engine: sa.Engine) -> None:
    assert PostgresStorage(source=lambda: engine, pepper=PEPPER).incr("k", 60) == 1


def test_a_fixed_window_lets_through_as_many_as_it_says(engine: sa.Engine, storage: PostgresStorage) -> None:
    limiter, three = FixedWindowRateLimiter(storage), parse("3/minute")
    assert [limiter.hit(three, "203.0.113.7") for _ in range(4)] == [True, True, True, False]
    assert limiter.get_window_stats(three, "203.0.113.7").remaining == 0
    _let_time_pass(engine, timedelta(minutes=1, seconds=1))
    assert limiter.hit(three, "203.0.113.7")


def test_two_processes_share_one_limit_over_http(engine: sa.Engine) -> None:
    def make() -> Flask:
        app = Flask("bare")
        app.config.update(limiter_config(engine, PEPPER))
        limiter = Limiter(lambda: "203.0.113.7", app=app)
        app.add_url_rule("/", "page", limiter.limit("2 per minute")(lambda: "page"))
        return app

    one, two = make().test_client(), make().test_client()
    assert [client.get("/").status_code for client in (one, two, one, two)] == [200, 200, 429, 429]


def test_an_app_counts_in_the_database_of_its_settings(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(limits, "limiter", Limiter(lambda: "203.0.113.7"))
    monkeypatch.setattr(limits, "_lockout", None)
    with pytest.raises(RuntimeError):
        limits.lockout()
    app = Flask("bare")
    app.config["SETTINGS"] = Settings(
        database_url=engine.url.render_as_string(hide_password=False),
        secret_keys=("s" * 32,),
        pii_key=b"k" * 32,
        blind_index_key=b"i" * 32,
        data_dir=tmp_path,
    )
    limits.init_app(app)
    app.add_url_rule("/", "page", limits.limiter.limit("1 per minute")(lambda: current_app.name))
    assert [app.test_client().get("/").status_code for _ in range(2)] == [200, 429]
    limits.lockout().fail("k")
    assert [key.split(":")[0] for key in _keys(engine)] == ["lock", "rate"]


def test_the_fifth_failure_locks_and_says_for_how_long(lockout: Lockout) -> None:
    _fail(lockout, "login:wang", 4)
    lockout.check("login:wang")
    assert lockout.fail("login:wang")
    with pytest.raises(LockedOutError) as locked:
        lockout.check("login:wang")
    assert (locked.value.code, locked.value.params) == ("locked_out", {"minutes": 15})
    assert "15" in errors.message(locked.value)
    lockout.check("login:li")


def test_a_lock_holds_however_the_login_is_spelled(lockout: Lockout) -> None:
    _fail(lockout, "login:wang", 5)
    for spelled in ("login:WANG", "login:" + wide("wang"), " login:wang "):
        with pytest.raises(LockedOutError):
            lockout.check(spelled)


def test_while_locked_nothing_is_counted_so_nobody_can_lengthen_a_lock(lockout: Lockout) -> None:
    _fail(lockout, "k", 5)
    assert not any(lockout.fail("k") for _ in range(20))
    with pytest.raises(LockedOutError) as locked:
        lockout.check("k")
    assert locked.value.params == {"minutes": 15}


def test_each_lock_is_twice_as_long_up_to_the_longest(engine: sa.Engine, lockout: Lockout) -> None:
    minutes: list[object] = []
    for _ in range(8):
        _fail(lockout, "k", 5)
        with pytest.raises(LockedOutError) as locked:
            lockout.check("k")
        minutes.append(locked.value.params["minutes"])
        _let_time_pass(engine, timedelta(minutes=float(str(minutes[-1]))))
        lockout.check("k")
    assert minutes == [15, 30, 60, 120, 240, 480, 720, 720]


def test_failures_are_forgotten_after_a_day_and_so_is_the_length_of_the_last_lock(
    engine: sa.Engine, lockout: Lockout
) -> None:
    _fail(lockout, "k", 4)
    _let_time_pass(engine, timedelta(days=1, seconds=1))
    _fail(lockout, "k", 4)
    lockout.check("k")
    _fail(lockout, "k", 1)
    _let_time_pass(engine, timedelta(days=1, minutes=16))
    _fail(lockout, "k", 5)
    with pytest.raises(LockedOutError) as locked:
        lockout.check("k")
    assert locked.value.params == {"minutes": 15}


def test_the_right_secret_clears_the_failures(lockout: Lockout) -> None:
    _fail(lockout, "k", 4)
    lockout.clear("k")
    _fail(lockout, "k", 4)
    lockout.check("k")


def test_parallel_guesses_get_no_more_tries_than_one_after_another(lockout: Lockout) -> None:
    def guess(_: int) -> bool:
        try:
            lockout.attempt("k")
        except LockedOutError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        let_through = list(pool.map(guess, range(60)))
    assert sum(let_through) == 5


def test_a_threshold_of_one_locks_at_once(engine: sa.Engine) -> None:
    strict = Lockout(engine, PEPPER, threshold=1, lock=timedelta(minutes=1))
    strict.attempt("k")
    with pytest.raises(LockedOutError):
        strict.attempt("k")


@pytest.mark.parametrize("options", [{"threshold": 0}, {"longest": timedelta(days=2)}])
def test_a_lockout_that_could_not_work_is_refused(engine: sa.Engine, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="threshold"):
        Lockout(engine, PEPPER, **options)  # type: ignore[arg-type]


def test_rows_that_count_for_nothing_are_purged_and_recent_locks_are_remembered(
    engine: sa.Engine, storage: PostgresStorage, lockout: Lockout
) -> None:
    storage.incr("old", 60)
    _let_time_pass(engine, timedelta(days=1, minutes=2))
    _fail(lockout, "k", 5)
    storage.incr("new", 60)
    assert purge_attempts(engine) == 1
    assert [key.split(":")[0] for key in _keys(engine)] == ["lock", "rate"]
