"""Trades and designations; the lists and rules themselves are loaded from the policy's files."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from app.clock import now, today
from app.policy.models import CodedVersion, Designation, PolicyParameter, ShortageList, SubsidyRule, Trade
from app.tenants.models import Tenant, User
from tests.factories.base import Factory

WELDER = "6-18-02-04"
UNLISTED = "6-18-03-03"
_V = TypeVar("_V", bound=CodedVersion)


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

    def count_drafts(self) -> None:
        """As if the jobs had counted what each draft would change."""
        for model in (ShortageList, SubsidyRule, PolicyParameter):
            drafts = sa.update(model).where(model.is_published.is_(False))
            self.session.execute(drafts.values(effects={}, effects_at=now()))
        self.session.commit()

    def amount(self, code: str, amount_fen: int, **values: Any) -> SubsidyRule:
        """A version of a rule with another amount: a draft, or with `approver` published."""
        return self._version(SubsidyRule, code, {"amount_fen": amount_fen}, amount_fen=amount_fen, **values)

    def limit(self, code: str, number: int, **values: Any) -> PolicyParameter:
        """A version of a limit with another number: a draft, or with `approver` published."""
        return self._version(PolicyParameter, code, {"number": number}, **values)

    def _version(
        self,
        model: type[_V],
        code: str,
        said: dict[str, Any],
        *,
        author: User | None,
        approver: User | None = None,
        valid_from: date | None = None,
        **values: Any,
    ) -> _V:
        newest = sa.select(model).where(model.code == code, model.is_published)
        base = self.session.scalars(newest.order_by(model.valid_from.desc()).limit(1)).one()
        begins = valid_from or today() + timedelta(days=60)
        if approver is not None:
            base.valid_to = begins
            self.session.flush()
            values |= {"is_published": True, "approved_by": approver.id, "published_at": now()}
        taken = {"kind", "name", "name_en", "clause", "quote", "region_id"} & set(model.__table__.columns.keys())
        same = {name: getattr(base, name) for name in taken}
        document = "示例〔2026〕8号"
        return self.add(
            model(
                **{
                    **same,
                    "code": code,
                    "document_no": document,
                    "data": {**base.data, **said, "amount_document": document},
                    "valid_from": begins,
                    "authored_by": author.id if author else None,
                    **values,
                }
            )
        )
