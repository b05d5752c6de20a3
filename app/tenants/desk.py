"""The desk: what every room puts on its rail and under 今天, and the frame `desk.html` draws.

Rooms register at import or in `init_app`; registering the same thing again changes nothing. Counts and todos are
asked within the request, in the desk's scope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask, g, request, url_for

from app import scope as scopes
from app.db import db
from app.errors import Text
from app.tenants import labels
from app.tenants.models import Membership, Tenant, TenantKind
from app.tenants.permissions import may


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the rail."""

    label: Text
    endpoint: str
    permission: str | None
    order: int
    count: Callable[[], int | None] | None


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that waits; `tone` is stop (to be fixed), wait (due) or done (good to know)."""

    label: Text
    url: str
    count: int | None = None
    tone: str = "wait"


_items: dict[tuple[str, str], Item] = {}
_todos: dict[tuple[str, str], Callable[[], list[Todo]]] = {}


def register_item(
    *,
    kind: str,
    label: Text,
    endpoint: str,
    permission: str | None = None,
    order: int = 50,
    count: Callable[[], int | None] | None = None,
) -> None:
    """Put a line on the rail of every desk of this tenant kind, for members who have the permission."""
    _items[TenantKind(kind).value, endpoint] = Item(label, endpoint, permission, order, count)


def register_todo(kind: str, source: Callable[[], list[Todo]]) -> None:
    """Ask `source` what waits whenever a desk of this tenant kind shows 今天."""
    _todos[TenantKind(kind).value, f"{source.__module__}.{source.__qualname__}"] = source


def todos(kind: str) -> list[Todo]:
    """What waits at a desk of this kind, most pressing first."""
    found = [todo for (each, _), source in _todos.items() if each == kind for todo in source()]
    tones = {"stop": 0, "wait": 1, "done": 2}
    return sorted(found, key=lambda todo: tones.get(todo.tone, 1))


class DeskFrame:
    """What `desk.html` needs; worked out only when a desk is drawn."""

    def __init__(self, scope: scopes.Scope) -> None:
        self._scope = scope

    @cached_property
    def tenant(self) -> Tenant | None:
        """The tenant in scope."""
        if self._scope.tenant_id is None:
            return None
        return db.session.scalar(sa.select(Tenant).where(Tenant.id == self._scope.tenant_id))

    @property
    def tenant_name(self) -> str:
        """The tenant's name."""
        return self.tenant.name if self.tenant else ""

    @property
    def kind_label(self) -> Text:
        """The tenant's kind in words."""
        return labels.KINDS[self.tenant.kind] if self.tenant else ""

    @property
    def unverified(self) -> bool:
        """Whether the bureau has not accepted the tenant (yet)."""
        return self.tenant is not None and not self.tenant.is_verified

    @cached_property
    def rail(self) -> list[dict[str, Any]]:
        """The lines of the rail this member may see."""
        kind = self._scope.tenant_kind
        mine = [item for (each, _), item in _items.items() if each == kind and may(self._scope, item.permission)]
        lines = []
        for item in sorted(mine, key=lambda item: item.order):
            url = url_for(item.endpoint)
            below = item.endpoint != "tenants.desk" and request.path.startswith(f"{url}/")
            lines.append(
                {
                    "label": item.label,
                    "url": url,
                    "count": item.count() if item.count else None,
                    "active": request.path == url or below,
                }
            )
        return lines

    @cached_property
    def has_others(self) -> bool:
        """Whether this person has another desk to go to."""
        count = sa.select(sa.func.count()).select_from(Membership)
        mine = count.where(Membership.user_id == self._scope.actor_id, Membership.is_active)
        return (db.session.scalar(mine) or 0) > 1


def init_app(app: Flask) -> None:
    """Give templates the frame as `desk`."""

    @app.context_processor
    def _desk() -> dict[str, Any]:
        if "desk_frame" not in g:
            g.desk_frame = DeskFrame(scopes.current() or scopes.VISITOR)
        return {"desk": g.desk_frame}
