"""What day it is: the one place that reads the clock, so that tests and the demo can choose it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The current date in the city (Asia/Shanghai): the date every rule is judged on."""
    return now().astimezone(CITY_ZONE).date()


def local(instant: datetime) -> datetime:
    """The same instant on the city's clock, for showing to people."""
    return instant.astimezone(CITY_ZONE)
