"""Regions, tenants, users and what joins them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import Mapped, mapped_column

from app.db import BigRef, Codes, Created, Id, Instant, Model, enum
from app.pii import Encrypted
from app.rls import GLOBAL, OWNED, PUBLISHED, SHARED


class RegionKind(StrEnum):
    """What a node of the region tree is."""

    CITY = "city"
    DISTRICT = "district"
    COUNTY = "county"
    COUNTY_CITY = "county_city"
    ZONE = "zone"


class TenantKind(StrEnum):
    """What an organisation is here for."""

    INSTITUTION = "institution"
    ENTERPRISE = "enterprise"
    BUREAU = "bureau"
    ASSESSOR = "assessor"


class TenantState(StrEnum):
    """Whether the county bureau has accepted the organisation."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    RETURNED = "returned"
    SUSPENDED = "suspended"


class Role(StrEnum):
    """What a member does in a tenant; `tenants.permissions` says what each may."""

    OWNER = "owner"
    MANAGER = "manager"
    TEACHER = "teacher"
    FINANCE = "finance"
    AUDITOR = "auditor"


class LoginKind(StrEnum):
    """What a person signs in with."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"


class ResetChannel(StrEnum):
    """How a password reset reaches the person."""

    EMAIL = "email"
    SMS = "sms"
    DESK = "desk"


class Region(Model):
    """A node of the region tree: the city and its 24 county-level units; its centre in degrees, to about 1 km."""

    __tablename__ = "regions"
    __access__ = GLOBAL()

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[RegionKind] = mapped_column(enum(RegionKind))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("regions.id"))
    counts_in_city: Mapped[bool] = mapped_column(default=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class Tenant(Model):
    """An organisation. Its public face is here; its contact is in `TenantContact`."""

    __tablename__ = "tenants"
    __access__ = PUBLISHED(when="is_verified", tenant="id", bureau="region_id", grants="select, insert, update")
    __table_args__ = (
        sa.CheckConstraint("is_verified = (state = 'verified')", name="verified_state"),
        sa.Index("ix_tenants_region_id_state", "region_id", "state"),
    )

    id: Mapped[Id]
    kind: Mapped[TenantKind] = mapped_column(enum(TenantKind))
    name: Mapped[str]
    uscc: Mapped[str] = mapped_column(unique=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("regions.id"))
    state: Mapped[TenantState] = mapped_column(enum(TenantState), default=TenantState.UNVERIFIED)
    is_verified: Mapped[bool] = mapped_column(default=False)
    reason_codes: Mapped[Codes]
    review_note: Mapped[str | None]
    created_at: Mapped[Created]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(sa.BigInteger)


class TenantContact(Model):
    """How to reach an organisation: for itself and its bureau only."""

    __tablename__ = "tenant_contacts"
    __access__ = SHARED(tenant="tenant_id", read={"bureau": "region_id"})

    tenant_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("tenants.id"), primary_key=True)
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("regions.id"))
    contact_name: Mapped[str] = mapped_column(Encrypted("tenant.contact_name"))
    contact_phone: Mapped[str] = mapped_column(Encrypted("tenant.contact_phone"))


class User(UserMixin, Model):
    """A person who can sign in. Who they are as a learner is in `enroll.LearnerProfile`."""

    __tablename__ = "users"
    __access__ = OWNED(actor="id", grants="select, insert, update")

    id: Mapped[Id]
    display_name: Mapped[str]
    password_hash: Mapped[str]
    session_epoch: Mapped[int] = mapped_column(default=1)
    locale: Mapped[str | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Created]

    def get_id(self) -> str:
        """What the session remembers: the id and the epoch, so that a reset ends every session."""
        return f"{self.id}:{self.session_epoch}"


class Login(Model):
    """A unique name, phone or e-mail a person signs in with, normalised."""

    __tablename__ = "logins"
    __access__ = OWNED(actor="user_id", read={"presented": "value"})

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"), index=True)
    kind: Mapped[LoginKind] = mapped_column(enum(LoginKind))
    value: Mapped[str] = mapped_column(unique=True)


class Membership(Model):
    """A person's place in a tenant; the tenant writes it, the person may read it.

    The tenant's name, kind and region are copied here so that a person can choose among their desks before any
    tenant is in scope.
    """

    __tablename__ = "memberships"
    __access__ = SHARED(tenant="tenant_id", read={"actor": "user_id"})
    __table_args__ = (sa.UniqueConstraint("tenant_id", "user_id"), sa.Index("ix_memberships_user_id", "user_id"))

    id: Mapped[Id]
    tenant_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("tenants.id"))
    user_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"))
    role: Mapped[Role] = mapped_column(enum(Role))
    is_active: Mapped[bool] = mapped_column(default=True)
    display_name: Mapped[str]
    tenant_name: Mapped[str]
    tenant_kind: Mapped[TenantKind] = mapped_column(enum(TenantKind))
    tenant_region_id: Mapped[int] = mapped_column(sa.ForeignKey("regions.id"))
    created_at: Mapped[Created]


class Invitation(Model):
    """An offer to join a tenant in a role; only the token's hash is stored."""

    __tablename__ = "invitations"
    __access__ = OWNED(tenant="tenant_id", read={"presented": "token_hash"})

    id: Mapped[Id]
    tenant_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("tenants.id"), index=True)
    tenant_name: Mapped[str]
    role: Mapped[Role] = mapped_column(enum(Role))
    email: Mapped[str | None] = mapped_column(Encrypted("invitation.email"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    invited_by: Mapped[BigRef]
    created_at: Mapped[Created]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None]


class ResetToken(Model):
    """A single-use way to a new password: mailed, texted, or printed at a desk."""

    __tablename__ = "reset_tokens"
    __access__ = OWNED(actor="user_id", tenant="issued_by_tenant_id", presented="token_hash")

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"), index=True)
    channel: Mapped[ResetChannel] = mapped_column(enum(ResetChannel))
    token_hash: Mapped[str] = mapped_column(unique=True)
    issued_by_tenant_id: Mapped[int | None] = mapped_column(sa.BigInteger, sa.ForeignKey("tenants.id"))
    issued_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[Created]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None]
