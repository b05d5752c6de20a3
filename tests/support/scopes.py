"""The scope of each person of the world."""

from __future__ import annotations

from app.scope import Scope
from tests.support.world import World


def scope_of(world: World, role: str) -> Scope:
    """The scope a request of this person opens at their desk."""
    person = world.people[role]
    regions = (person.tenant.region_id,) if person.tenant and person.kind == "bureau" else ()
    return Scope(
        actor_id=person.user.id if person.user else None,
        tenant_id=person.tenant.id if person.tenant else None,
        tenant_kind=person.kind,
        role=person.member_role.value if person.member_role else None,
        region_ids=regions,
    )
