"""What each role may do: permissions are `room:noun:verb`, given to roles of a tenant kind."""

from __future__ import annotations

from app.scope import Scope
from app.tenants.models import Role, TenantKind

_EVERYONE = frozenset(Role)
_RUNS_IT = frozenset({Role.OWNER, Role.MANAGER})
_TEACHES = frozenset({Role.OWNER, Role.MANAGER, Role.TEACHER})

ROLES_OF: dict[TenantKind, tuple[Role, ...]] = {
    TenantKind.INSTITUTION: (Role.OWNER, Role.MANAGER, Role.TEACHER, Role.FINANCE),
    TenantKind.ENTERPRISE: (Role.OWNER, Role.MANAGER, Role.FINANCE),
    TenantKind.BUREAU: (Role.OWNER, Role.MANAGER, Role.FINANCE, Role.AUDITOR),
    TenantKind.ASSESSOR: (Role.OWNER, Role.MANAGER, Role.FINANCE),
}
"""The roles that fit each kind of tenant."""

PERMISSIONS: dict[TenantKind, dict[str, frozenset[Role]]] = {
    TenantKind.INSTITUTION: {
        "tenants:desk:see": _EVERYONE,
        "tenants:member:manage": frozenset({Role.OWNER}),
        "tenants:tenant:edit": _RUNS_IT,
        "tenants:reset:issue": _TEACHES,
        "catalog:course:see": _EVERYONE,
        "catalog:course:edit": _RUNS_IT,
        "catalog:run:edit": _RUNS_IT,
        "enroll:roster:see": _TEACHES,
        "enroll:enrollment:decide": _RUNS_IT,
    },
    TenantKind.ENTERPRISE: {
        "tenants:desk:see": _EVERYONE,
        "tenants:tenant:edit": _RUNS_IT,
        "tenants:member:manage": frozenset({Role.OWNER}),
    },
    TenantKind.BUREAU: {
        "tenants:desk:see": _EVERYONE,
        "tenants:member:manage": frozenset({Role.OWNER}),
        "tenants:tenant:review": _RUNS_IT,
        "tenants:reset:issue": _RUNS_IT,
        "policy:version:see": _EVERYONE,
        "policy:version:manage": _RUNS_IT,
        "policy:designation:manage": _RUNS_IT,
        "catalog:course:review": _RUNS_IT,
        "catalog:search:see": _EVERYONE,
        "catalog:synonym:edit": _RUNS_IT,
        "enroll:proof:verify": _RUNS_IT,
        "enroll:register:manage": _RUNS_IT,
        "audit:entry:see": frozenset({Role.OWNER, Role.MANAGER, Role.AUDITOR}),
    },
    TenantKind.ASSESSOR: {
        "tenants:desk:see": _EVERYONE,
        "tenants:member:manage": frozenset({Role.OWNER}),
    },
}


def may(scope: Scope, permission: str | None) -> bool:
    """Whether the scope's role has the permission in its tenant's kind (None: being a member is enough)."""
    if scope.tenant_kind is None or scope.role is None:
        return False
    if permission is None:
        return True
    allowed = PERMISSIONS[TenantKind(scope.tenant_kind)].get(permission, frozenset())
    return Role(scope.role) in allowed
