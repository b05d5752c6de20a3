"""匠途 Jiangtu: the application factory, wiring only."""

from __future__ import annotations

import orjson
from flask import Flask
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli, errors, health, http, i18n, jobs, limits, outbox, pii, scope, security, storage
from app.config import Settings
from app.db import db, models
from app.templating import App

csrf = CSRFProtect()
migrate = Migrate()


def create_app(settings: Settings | None = None) -> Flask:
    """Build the app from `settings` (default: the environment); raises ConfigError if they are incomplete."""
    settings = settings or Settings.from_environment()
    app = App(__name__, static_folder="../static")
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_keys[0],
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": 5,
            "max_overflow": 5,
            "hide_parameters": True,
            "json_deserializer": orjson.loads,
        },
        TESTING=settings.testing,
        WTF_CSRF_TIME_LIMIT=8 * 3600,
        MAX_CONTENT_LENGTH=8 * 1024 * 1024,
    )
    errors.configure(strict=not settings.production)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=1, x_host=1)  # type: ignore[method-assign]
    pii.configure(pii.Vault(settings.pii_key, settings.blind_index_key))
    storage.configure(settings.data_dir / "proofs")

    from app import catalog, enroll, policy, tenants

    db.init_app(app)
    migrate.init_app(app, db, directory="migrations", compare_type=True)
    with app.app_context():
        scope.install(db.engine)
    scope.install_orm_wall(db.session, lambda: {n: m for n, m in models().items() if m.__access__.is_scoped})
    security.init_app(app)
    http.init_app(app)
    csrf.init_app(app)
    i18n.init_app(app)
    limits.init_app(app)
    jobs.init_app(app)
    for room in (tenants, policy, catalog, enroll):
        room.init_app(app)
    health.init_app(app)
    outbox.init_app(app)
    cli.init_app(app)
    return app
