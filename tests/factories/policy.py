"""Trades and designations; the lists and rules themselves are loaded from the policy's files."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from app.clock import today
from app.policy.models import Designation, Trade
from app.tenants.models import Tenant
from tests.factories.base import Factory

WELDER = "6-18-02-04"
UNLISTED = "6-18-03-03"


class PolicyFactory(Factory):
    """THE LAW."""

    def trade(self, code: str = WELDER) -> Trade:
        """An occupation by code: 焊工 (listed) unless told otherwise; `UNLISTED` is not on the list."""
        return self.session.scalars(sa.select(Trade).where(Trade.code == code, Trade.variant == "")).one()

    def designation(
        self,
        tenant: Tenant,
        trade_code: str = WELDER,
        *,
        levels: tuple[int, ...] = (5, 4, 3),
        valid_from: date | None = None,
        valid_to: date | None = None,
    ) -> Designation:
        """The right of an institution to give subsidised training in a trade, in force for two years."""
        return self.add(
            Designation(
                tenant_id=tenant.id,
                tenant_name=tenant.name,
                region_id=tenant.region_id,
                trade_code=trade_code,
                levels=list(levels),
                document_no="示例〔2026〕1号",
                valid_from=valid_from or today() - timedelta(days=30),
                valid_to=valid_to or today() + timedelta(days=700),
                reason_codes=[],
            )
        )
