"""The search's tables: stored documents and what keeps engines true to them, what people say, what they asked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.db import BigRef, Created, Id, Model
from app.rls import GLOBAL, OWNED, PUBLISHED


class CourseDocument(Model):
    """What the public search reads: one unscoped row per card, written by the indexing job (`contract.Document`).

    Long values live beside the row (`toast_tuple_target`), so that counting reads a narrow table.
    """

    __tablename__ = "course_documents"
    __access__ = GLOBAL(grants="select, insert, update, delete")
    __table_args__ = (
        sa.Index("ix_course_documents_tokens", "tokens", postgresql_using="gin"),
        sa.Index("ix_course_documents_course_ids", "course_ids", postgresql_using="gin"),
        sa.Index("ix_course_documents_trade_code", "trade_code"),
        sa.Index("ix_course_documents_tenant_id", "tenant_id"),
        sa.Index("ix_course_documents_next_starts_on", "next_starts_on", "card_id"),
        sa.Index("ix_course_documents_title", sa.text("(card ->> 'title')")),
        {"postgresql_with": {"toast_tuple_target": "128"}},
    )

    card_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(sa.BigInteger)
    course_id: Mapped[BigRef]
    course_ids: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger))
    tenant_id: Mapped[BigRef]
    trade_code: Mapped[str]
    label: Mapped[str]
    category: Mapped[str]
    shape: Mapped[str]
    is_shortage: Mapped[bool]
    level: Mapped[int]
    mode: Mapped[str]
    fee_fen: Mapped[int] = mapped_column(sa.BigInteger)
    region_ids: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger))
    start_dates: Mapped[list[date]] = mapped_column(ARRAY(sa.Date))
    next_starts_on: Mapped[date | None]
    seats_left: Mapped[int]
    news_at: Mapped[datetime]
    tokens: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    suggest: Mapped[list[list[str]]] = mapped_column(ARRAY(sa.Text, dimensions=2))
    card: Mapped[dict[str, Any]]
    indexed_at: Mapped[Created]


class CourseIndex(Model):
    """One row that says which state the documents are in: a new random generation with every write to them.

    It is written in the writer's own transaction, so whoever reads a generation sees at least its documents, and
    one that was rolled back is never seen again.
    """

    __tablename__ = "course_index"
    __access__ = GLOBAL(grants="select, insert, update")
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[UUID]


class DocumentChange(Model):
    """A document Elasticsearch may not have yet: written with the document, gone once it was acknowledged."""

    __tablename__ = "document_changes"
    __access__ = GLOBAL(grants="select, insert, update, delete")
    __table_args__ = (sa.Index("ix_document_changes_changed_at", "changed_at"),)

    card_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(sa.BigInteger)
    is_deleted: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[Created]


class IndexBuild(Model):
    """An index being built beside the live one: changes go to both until it takes over."""

    __tablename__ = "index_builds"
    __access__ = GLOBAL(grants="select, insert, update, delete")

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[Created]


class Suggestable(Model):
    """Something that can be suggested while typing, under each key it begins with (PostgreSQL's own)."""

    __tablename__ = "suggestables"
    __access__ = GLOBAL(grants="select, insert, update, delete")
    __table_args__ = (sa.Index("ix_suggestables_key", "kind", "key", postgresql_ops={"key": "text_pattern_ops"}),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(primary_key=True)
    ref: Mapped[str]


class Synonym(Model):
    """What people say (`said`) for a trade's or variant's official name (`meant`); ended, never deleted."""

    __tablename__ = "synonyms"
    __access__ = PUBLISHED(when="is_active", bureau="region_id", grants="select, insert, update")
    __table_args__ = (
        sa.Index(
            "uq_synonyms_active", "region_id", "said", "meant", unique=True, postgresql_where=sa.text("is_active")
        ),
    )

    id: Mapped[Id]
    region_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("regions.id"))
    said: Mapped[str]
    meant: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[Created]
    ended_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    ended_at: Mapped[datetime | None]


class SearchLogEntry(Model):
    """One search, without the person: no user, no address; digits that could be a number of someone are masked."""

    __tablename__ = "search_log"
    __access__ = GLOBAL(grants="select, insert, update, delete")
    __table_args__ = (sa.Index("ix_search_log_at", "at"),)

    id: Mapped[Id]
    at: Mapped[Created]
    text: Mapped[str]
    trades: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    filters: Mapped[dict[str, Any]]
    hits: Mapped[int]
    engine: Mapped[str]
    took_ms: Mapped[int]
    clicked: Mapped[int] = mapped_column(server_default="0")
    is_wished: Mapped[bool] = mapped_column(default=False, server_default="false")


class SavedSearch(Model):
    """A search someone keeps, and is told about when it finds something new; `address` is its query string.

    The worker has looked until `seen_at`; the last time it found something: `news` cards since `news_since`.
    """

    __tablename__ = "saved_searches"
    __access__ = OWNED(actor="user_id")
    __table_args__ = (sa.UniqueConstraint("user_id", "address"),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"))
    address: Mapped[str]
    is_told: Mapped[bool] = mapped_column(default=True)
    seen_at: Mapped[datetime]
    news: Mapped[int] = mapped_column(server_default="0")
    news_since: Mapped[datetime | None]
    created_at: Mapped[Created]
