"""Users, logins, tenants and memberships."""

from __future__ import annotations

import functools

import sqlalchemy as sa

from app.security import hash_password
from app.tenants.identifiers import make_uscc
from app.tenants.models import (
    Login,
    LoginKind,
    Membership,
    Region,
    Role,
    Tenant,
    TenantContact,
    TenantKind,
    TenantState,
    User,
)
from tests.factories.base import Factory

PASSWORD = "jiangtu-test-password"


@functools.cache
def password_hash() -> str:
    """One hash for every test user: hashing is slow on purpose."""
    return hash_password(PASSWORD)


class TenantsFactory(Factory):
    """WHO."""

    def region(self, code: str = "130108") -> Region:
        """A region of the policy's tree by code; 130108 is 裕华区."""
        return self.session.scalars(sa.select(Region).where(Region.code == code)).one()

    def user(self, display_name: str | None = None, *, login: str | None = None, email: str | None = None) -> User:
        """A user with the tests' password and one name login (and an e-mail if given)."""
        number = self.next()
        user = self.add(User(display_name=display_name or f"用户{number}", password_hash=password_hash()))
        self.add(Login(user_id=user.id, kind=LoginKind.NAME, value=login or f"user{number}"))
        if email:
            self.add(Login(user_id=user.id, kind=LoginKind.EMAIL, value=email))
        return user

    def tenant(
        self,
        kind: TenantKind = TenantKind.INSTITUTION,
        *,
        name: str | None = None,
        region: str = "130108",
        state: TenantState = TenantState.VERIFIED,
    ) -> Tenant:
        """An organisation, verified unless told otherwise."""
        number = self.next()
        tenant = self.add(
            Tenant(
                kind=kind,
                name=name or f"示例机构{number}",
                uscc=make_uscc("130100", number, "52"),
                region_id=self.region(region).id,
                state=state,
                is_verified=state is TenantState.VERIFIED,
                reason_codes=[],
            )
        )
        self.add(
            TenantContact(
                tenant_id=tenant.id,
                region_id=tenant.region_id,
                contact_name="示例联系人",
                contact_phone="13800000000",
            )
        )
        return tenant

    def institution(self, **values: object) -> Tenant:
        """A verified training institution."""
        return self.tenant(TenantKind.INSTITUTION, **values)  # type: ignore[arg-type]

    def enterprise(self, **values: object) -> Tenant:
        """A verified enterprise."""
        return self.tenant(TenantKind.ENTERPRISE, **values)  # type: ignore[arg-type]

    def bureau(self, region: str = "130108", **values: object) -> Tenant:
        """The bureau of a region; "130100" is the city's."""
        return self.tenant(TenantKind.BUREAU, region=region, **values)  # type: ignore[arg-type]

    def member(self, tenant: Tenant, role: Role = Role.OWNER, *, user: User | None = None) -> User:
        """A member of the tenant in the role."""
        user = user or self.user()
        self.add(
            Membership(
                tenant_id=tenant.id,
                user_id=user.id,
                role=role,
                display_name=user.display_name,
                tenant_name=tenant.name,
                tenant_kind=tenant.kind,
                tenant_region_id=tenant.region_id,
            )
        )
        return user
