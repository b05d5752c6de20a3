"""Typed settings, read once from the environment; the app refuses to start if they are incomplete."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class ConfigError(RuntimeError):
    """A setting is missing or unsafe; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class ElasticSettings:
    """Where Elasticsearch is, who we are to it, and how long a page may wait for it."""

    urls: tuple[str, ...]
    api_key: str | None = None
    user: str | None = None
    password: str | None = None
    ca_certs: str | None = None
    budget_ms: int = 800
    prefix: str = "jiangtu-"

    @classmethod
    def from_environment(cls, source: Mapping[str, str]) -> ElasticSettings | None:
        """Read them; None without ELASTICSEARCH_URL; raises ConfigError naming what is malformed."""

        def text(name: str) -> str | None:
            return source.get(f"ELASTICSEARCH_{name}", "").strip() or None

        urls = tuple(url.strip() for url in (text("URL") or "").split(",") if url.strip())
        if not urls:
            return None
        if not all(re.match(r"https?://[^/\s]+:\d+/?", url) for url in urls):
            raise ConfigError("ELASTICSEARCH_URL must be http(s)://host:port, several separated by commas.")
        budget, prefix = text("BUDGET_MS") or "800", text("PREFIX") or "jiangtu-"
        if not budget.isdigit() or not 0 < int(budget) <= 60_000:
            raise ConfigError("ELASTICSEARCH_BUDGET_MS must be a number of milliseconds, at most 60000.")
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", prefix):
            raise ConfigError("ELASTICSEARCH_PREFIX must be small letters, digits, - and _, as indices are named.")
        if text("USER") and not text("PASSWORD"):
            raise ConfigError("ELASTICSEARCH_USER is set without ELASTICSEARCH_PASSWORD.")
        return cls(
            urls=urls,
            api_key=text("API_KEY"),
            user=text("USER"),
            password=text("PASSWORD"),
            ca_certs=text("CA_CERTS"),
            budget_ms=int(budget),
            prefix=prefix,
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the app is told from outside; see docs/configuration.md."""

    database_url: str
    secret_keys: tuple[str, ...]
    pii_key: bytes
    blind_index_key: bytes
    data_dir: Path
    production: bool = False
    public_url: str = "http://127.0.0.1:8000"
    smtp_url: str | None = None
    mail_from: str = "jiangtu@localhost"
    sms_url: str | None = None
    trusted_proxies: int = 0
    testing: bool = False
    elastic: ElasticSettings | None = None

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raises ConfigError naming the first variable that is missing or malformed."""
        source = os.environ if env is None else env

        def need(name: str) -> str:
            value = source.get(name, "").strip()
            if not value:
                raise ConfigError(f"{name} is not set. `make run` sets it; see docs/configuration.md.")
            return value

        def key(name: str) -> bytes:
            try:
                raw = base64.b64decode(need(name), validate=True)
            except ValueError as error:
                raise ConfigError(f"{name} must be base64.") from error
            if len(raw) != 32:
                raise ConfigError(f"{name} must be 32 bytes in base64.")
            return raw

        settings = cls(
            database_url=need("DATABASE_URL"),
            secret_keys=tuple(need("SECRET_KEY").split(",")),
            pii_key=key("PII_KEY"),
            blind_index_key=key("BLIND_INDEX_KEY"),
            data_dir=Path(source.get("DATA_DIR", "var")).resolve(),
            production=source.get("JIANGTU_ENV", "development") == "production",
            public_url=source.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
            smtp_url=source.get("SMTP_URL") or None,
            mail_from=source.get("MAIL_FROM", "jiangtu@localhost"),
            sms_url=source.get("SMS_URL") or None,
            trusted_proxies=int(source.get("TRUSTED_PROXIES", "0")),
            elastic=ElasticSettings.from_environment(source),
        )
        settings.refuse_if_unsafe()
        return settings

    def refuse_if_unsafe(self) -> None:
        """Raise ConfigError if production settings carry development keys or a weak secret."""
        if not self.production:
            return
        if any(len(secret) < 32 or secret.startswith("development-") for secret in self.secret_keys):
            raise ConfigError("SECRET_KEY must be at least 32 random characters in production.")
        if self.pii_key == bytes(32) or self.blind_index_key == bytes(32):
            raise ConfigError("PII_KEY and BLIND_INDEX_KEY must be random in production.")
        if not self.public_url.startswith("https://"):
            raise ConfigError("PUBLIC_URL must be https:// in production.")
