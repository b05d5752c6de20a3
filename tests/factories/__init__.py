"""Factories: rows as an operator would find them, committed through a superuser so that no scope is needed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from tests.factories.catalog import CatalogFactory
from tests.factories.enroll import EnrollFactory
from tests.factories.policy import PolicyFactory
from tests.factories.tenants import TenantsFactory


class Make(TenantsFactory, PolicyFactory, CatalogFactory, EnrollFactory):
    """Every room's factory in one: `make.institution()`, `make.course()`, `make.run(seats=1)`."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.counter = 0
