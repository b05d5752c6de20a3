"""Dated policy data: every row belongs to a region node and cites its document."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import BigRef, Codes, Created, Id, Model, enum
from app.rls import GLOBAL, PUBLISHED


class RuleKind(StrEnum):
    """How a subsidy rule makes an amount."""

    CAP = "cap"
    FIXED = "fixed"
    FIXED_PER_YEAR = "fixed_per_year"
    MULTIPLIER = "multiplier"


class DesignationState(StrEnum):
    """Whether a designation stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class Version(Model):
    """One dated version of something a bureau publishes: who drafted it, who approved it, from when it holds.

    Rows without an author came with the bundled documents. A draft is published by another person than its author,
    never changed after, and ended by the next (the tables' triggers see to it). `effects` counts what it would
    change in current applications; with `is_repeal` nothing holds from its first day on.
    """

    __abstract__ = True
    noun: ClassVar[str]
    subject: ClassVar[tuple[str, ...]]

    id: Mapped[Id]
    region_id: Mapped[BigRef]
    document_no: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    is_repeal: Mapped[bool] = mapped_column(default=False)
    is_published: Mapped[bool] = mapped_column(default=False)
    authored_by: Mapped[BigRef | None]
    created_at: Mapped[Created]
    approved_by: Mapped[BigRef | None]
    published_at: Mapped[datetime | None]
    effects: Mapped[dict[str, Any] | None]
    effects_at: Mapped[datetime | None]


class CodedVersion(Version):
    """A version of one rule or limit, by its code; `data` is what the rules read, its period left out."""

    __abstract__ = True
    subject = ("region_id", "code")

    code: Mapped[str]
    data: Mapped[dict[str, Any]]


def version_rules(table: str, *keys: str) -> tuple[sa.schema.SchemaItem, ...]:
    """What holds for every table of versions: one in force a day, and two people behind each that is published."""
    return (
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"]),
        sa.CheckConstraint("valid_to is null or valid_to > valid_from", name="period"),
        sa.CheckConstraint(
            "not is_published or authored_by is null "
            "or (coalesce(approved_by <> authored_by, false) and document_no <> '')",
            name="two_people",
        ),
        dated(table, *((key, "=") for key in keys), where="is_published"),
    )


def dated(table: str, *keys: tuple[str, str], where: str | None = None) -> ExcludeConstraint:
    """An exclusion constraint: no two rows of the table with the same keys are in force on the same day."""
    period = sa.text("daterange(valid_from, valid_to, '[)')")
    return ExcludeConstraint(
        *[(sa.text(column), operator) for column, operator in keys],
        (period, "&&"),
        name=f"ex_{table}_in_force_once",
        where=sa.text(where) if where else None,
    )


class Trade(Model):
    """An occupation or one of its variants (工种); the key is (classification, code, variant)."""

    __tablename__ = "trades"
    __access__ = GLOBAL()
    __table_args__ = (sa.UniqueConstraint("classification", "code", "variant"),)

    id: Mapped[Id]
    classification: Mapped[str]
    code: Mapped[str] = mapped_column(index=True)
    variant: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    name_en: Mapped[str]
    category: Mapped[str] = mapped_column(index=True)
    category_en: Mapped[str]

    @property
    def label(self) -> str:
        """The name people know: the variant if there is one."""
        return self.variant or self.name


class ShortageList(Version):
    """One dated version of a region's shortage-trade list."""

    __tablename__ = "shortage_lists"
    __access__ = PUBLISHED(when="is_published", bureau="region_id")
    __table_args__ = version_rules("shortage_lists", "region_id")
    noun = "shortage_list"
    subject = ("region_id",)

    name: Mapped[str]
    is_sample: Mapped[bool] = mapped_column(default=False)


class ShortageListEntry(Model):
    """One trade on one version of a shortage list, at its numbered place; `name` is as that document writes it."""

    __tablename__ = "shortage_list_entries"
    __access__ = PUBLISHED(when="is_published", bureau="region_id")
    __table_args__ = (sa.UniqueConstraint("list_id", "trade_id"),)

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("shortage_lists.id", ondelete="CASCADE"))
    region_id: Mapped[int] = mapped_column(sa.BigInteger)
    trade_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("trades.id"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    is_published: Mapped[bool] = mapped_column(default=False)


class TargetGroup(Model):
    """A dated target group of the policy (培训对象)."""

    __tablename__ = "target_groups"
    __access__ = GLOBAL()
    __table_args__ = (
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"]),
        dated("target_groups", ("region_id", "="), ("code", "=")),
    )

    id: Mapped[Id]
    region_id: Mapped[int] = mapped_column(sa.BigInteger)
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str]
    clause: Mapped[str]
    data: Mapped[dict[str, Any]]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class SubsidyRule(CodedVersion):
    """A dated subsidy rule (补贴标准) with its clause and the sentence it is quoted from."""

    __tablename__ = "subsidy_rules"
    __access__ = PUBLISHED(when="is_published", bureau="region_id")
    __table_args__ = (
        *version_rules("subsidy_rules", "region_id", "code"),
        sa.CheckConstraint("amount_fen is null or amount_fen > 0", name="amount"),
    )
    noun = "subsidy_rule"

    kind: Mapped[RuleKind] = mapped_column(enum(RuleKind))
    name: Mapped[str]
    name_en: Mapped[str]
    amount_fen: Mapped[int | None] = mapped_column(sa.BigInteger)
    clause: Mapped[str]
    quote: Mapped[str]


class PolicyParameter(CodedVersion):
    """A dated limit or reading of the policy (one in three a year, age, residence), with its basis."""

    __tablename__ = "policy_parameters"
    __access__ = PUBLISHED(when="is_published", bureau="region_id")
    __table_args__ = version_rules("policy_parameters", "region_id", "code")
    noun = "policy_parameter"


class Designation(Model):
    """Which institution may give subsidised training in which trade and levels, from when to when."""

    __tablename__ = "designations"
    __access__ = PUBLISHED(when="is_public", bureau="region_id", read={"tenant": "tenant_id"})
    __table_args__ = (
        sa.CheckConstraint("valid_to > valid_from", name="period"),
        dated("designations", ("tenant_id", "="), ("trade_code", "="), where="state <> 'removed'"),
        sa.Index("ix_designations_region_id", "region_id"),
    )

    id: Mapped[Id]
    tenant_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("tenants.id"))
    tenant_name: Mapped[str]
    region_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("regions.id"))
    trade_code: Mapped[str]
    levels: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer))
    document_no: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    state: Mapped[DesignationState] = mapped_column(enum(DesignationState), default=DesignationState.ACTIVE)
    is_public: Mapped[bool] = mapped_column(default=True)
    reason_codes: Mapped[Codes]
    decided_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[Created]
