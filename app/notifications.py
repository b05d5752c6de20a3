"""Telling people: a notice row for the person, then mail or SMS, all by a job in the recipient's own scope."""

from __future__ import annotations

import json
import smtplib
import urllib.request
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import current_app
from flask_babel import LazyString
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app import jobs
from app.clock import now
from app.config import Settings
from app.db import Created, Id, Model, db
from app.i18n import lazy_gettext, speaking
from app.rls import OWNED
from app.scope import Scope


class Notice(Model):
    """One message to one person, shown under 消息 and sent by mail or SMS where they have one."""

    __tablename__ = "notices"
    __access__ = OWNED(actor="user_id", grants="select, insert, update")
    __table_args__ = (
        sa.UniqueConstraint("user_id", "dedupe"),
        sa.Index("ix_notices_user_id_created_at", "user_id", "created_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"))
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    dedupe: Mapped[str]
    created_at: Mapped[Created]
    read_at: Mapped[datetime | None]


Texts = tuple[LazyString, LazyString]
_texts: dict[str, Texts] = {}
_addresses: Callable[[int], list[tuple[str, str]]] | None = None
_locale: Callable[[int], str | None] | None = None


def register(kind: str, subject: LazyString, body: LazyString) -> None:
    """Declare a kind of notice and its texts (named `%(x)s` parameters)."""
    _texts[kind] = (subject, body)


def kinds() -> dict[str, Texts]:
    """Every registered kind; a test checks that each has an English text."""
    return dict(_texts)


def addresses_from(source: Callable[[int], list[tuple[str, str]]]) -> None:
    """Say where a user's (channel, address) pairs come from; tenants does at start."""
    global _addresses
    _addresses = source


def locale_from(source: Callable[[int], str | None]) -> None:
    """Say which language a user chose, if any; tenants does at start."""
    global _locale
    _locale = source


def locale_of(user_id: int) -> str:
    """The language a user's mail and messages are written in; asked in the user's own scope."""
    return (_locale(user_id) if _locale else None) or "zh"


def send(user_id: int, kind: str, *, dedupe: str, **params: Any) -> None:
    """Tell one person, after commit; twice with the same `dedupe` is once. Params hold no personal data."""
    if kind not in _texts:
        raise KeyError(kind)
    jobs.enqueue(
        "notifications.deliver",
        scope=Scope(actor_id=user_id),
        user_id=user_id,
        kind=kind,
        dedupe=dedupe,
        params=params,
    )


def render(notice: Notice) -> tuple[str, str]:
    """The notice's subject and body in the current locale."""
    subject, body = _texts.get(notice.kind, (lazy_gettext("消息"), lazy_gettext("请登录查看。")))
    return str(subject) % notice.params, str(body) % notice.params


@jobs.task("notifications.deliver")
def deliver(*, user_id: int, kind: str, dedupe: str, params: dict[str, Any]) -> None:
    """Write the notice once; each channel the person has gets a job of its own, so that none waits for another."""
    statement = (
        insert(Notice)
        .values(user_id=user_id, kind=kind, dedupe=dedupe, params=params)
        .on_conflict_do_nothing(index_elements=["user_id", "dedupe"])
        .returning(Notice.id)
    )
    notice_id = db.session.execute(statement).scalar()
    if notice_id is None:
        return
    for channel in sorted({channel for channel, _ in _addresses_of(user_id)}):
        jobs.enqueue("notifications.transmit", notice_id=notice_id, channel=channel)


@jobs.task("notifications.transmit")
def transmit(*, notice_id: int, channel: str) -> None:
    """Send a written notice by mail ("email") or SMS ("phone"), in the language its reader chose."""
    notice = db.session.get_one(Notice, notice_id)
    with speaking(locale_of(notice.user_id)):
        subject, body = render(notice)
    for each, address in _addresses_of(notice.user_id):
        if each == channel == "email":
            send_mail(address, subject, body)
        elif each == channel == "phone":
            send_sms(address, body)


def _addresses_of(user_id: int) -> list[tuple[str, str]]:
    return _addresses(user_id) if _addresses else []


def send_mail(address: str, subject: str, body: str) -> None:
    """Send by SMTP if configured, else write to the development outbox folder."""
    settings: Settings = current_app.config["SETTINGS"]
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, address, subject
    message.set_content(body)
    if settings.smtp_url is None:
        _to_outbox(settings, "mail", bytes(message))
        return
    url = urlsplit(settings.smtp_url)
    factory = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    with factory(url.hostname or "localhost", url.port or 25, timeout=20) as server:
        if url.scheme == "smtp+tls":
            server.starttls()
        if url.username:
            server.login(url.username, url.password or "")
        server.send_message(message)


def send_sms(phone: str, body: str) -> None:
    """Send by the HTTP SMS gateway if configured (JSON {to, text}), else write to the development outbox."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.sms_url is None:
        _to_outbox(settings, "sms", f"To: {phone}\n\n{body}\n".encode())
        return
    request = urllib.request.Request(  # noqa: S310 - the operator's own gateway, from the settings
        settings.sms_url,
        data=json.dumps({"to": phone, "text": body}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
        response.read()


def outbox_folder(settings: Settings) -> Path:
    """Where development mail and SMS are written."""
    return settings.data_dir / "outbox"


def _to_outbox(settings: Settings, channel: str, content: bytes) -> None:
    if settings.production:
        return
    folder = outbox_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{now():%Y%m%dT%H%M%S%f}-{channel}.eml").write_bytes(content)
