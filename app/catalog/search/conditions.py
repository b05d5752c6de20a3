"""What can be asked of a document, said once for every engine.

A plan (`ranking.py`) is made of these; each engine translates them into its own language and adds no meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

Value = str | int | bool | date | datetime


class Field(StrEnum):
    """The fields of a document conditions may look at; those in `MANY` hold several values."""

    TOKENS = "tokens"
    TRADE_CODE = "trade_code"
    LABEL = "label"
    CATEGORY = "category"
    SHAPE = "shape"
    LEVEL = "level"
    MODE = "mode"
    IS_SHORTAGE = "is_shortage"
    TENANT_ID = "tenant_id"
    REGION_IDS = "region_ids"
    FEE_FEN = "fee_fen"
    START_DATES = "start_dates"
    NEXT_STARTS_ON = "next_starts_on"
    SEATS_LEFT = "seats_left"
    NEWS_AT = "news_at"
    CARD_ID = "card_id"


MANY = frozenset({Field.TOKENS, Field.REGION_IDS, Field.START_DATES})


@dataclass(frozen=True, slots=True)
class Within:
    """The field holds one of these values; none of a field with no values; never true for no values."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class HasAll:
    """Every one of these tokens is in the document; always true for none."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The field has a value from `least` to `most`, both included; None: open on that side."""

    field: Field
    least: Value | None = None
    most: Value | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds; always true for none."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some condition holds; never true for none."""

    conditions: tuple[Condition, ...]


Condition = Within | HasAll | Between | AllOf | AnyOf

ALWAYS = AllOf(())
NEVER = AnyOf(())
