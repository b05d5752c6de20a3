"""A bare app with the security parts and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app import security
from app.config import Settings

MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(tmp_path: Path) -> MakeApp:
    """Makes an app from `production` and `secret_keys`."""

    def make(*, production: bool = False, secret_keys: tuple[str, ...] = ("s" * 32,)) -> Flask:
        app = Flask("bare")
        app.config["SETTINGS"] = Settings(
            database_url="postgresql+psycopg:///unused",
            secret_keys=secret_keys,
            pii_key=b"k" * 32,
            blind_index_key=b"i" * 32,
            data_dir=tmp_path,
            production=production,
            testing=True,
        )
        app.testing = True
        security.init_app(app)
        return app

    return make
