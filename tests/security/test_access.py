"""Access declarations."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from app.security import AccessRule, access, rule_of


def _fresh() -> Callable[[], str]:
    return lambda: "page"


@pytest.mark.parametrize(
    ("declare", "rule"),
    [
        (access.anyone, AccessRule("anyone")),
        (access.signed_in, AccessRule("signed_in")),
        (access.member(), AccessRule("member")),
        (
            access.member("institution", "enterprise", permission="catalog:course:write"),
            AccessRule("member", frozenset({"institution", "enterprise"}), "catalog:course:write"),
        ),
    ],
)
def test_a_declaration_is_kept_on_the_view_and_changes_nothing_else(
    declare: Callable[[Callable[..., Any]], Callable[..., Any]], rule: AccessRule
) -> None:
    view = _fresh()
    assert declare(view) is view
    assert rule_of(view) == rule
    assert view() == "page"


def test_a_view_without_a_declaration_has_no_rule() -> None:
    assert rule_of(_fresh()) is None


def test_a_declaration_is_seen_through_other_decorators() -> None:
    view = access.signed_in(_fresh())

    @functools.wraps(view)
    def wrapped() -> str:
        return view()

    assert rule_of(wrapped) == AccessRule("signed_in")


def test_a_view_declares_its_access_once() -> None:
    with pytest.raises(TypeError, match="twice"):
        access.anyone(access.signed_in(_fresh()))


def test_member_needs_its_parentheses() -> None:
    with pytest.raises(TypeError, match="parentheses"):
        access.member(_fresh())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "permission", ["", "write", "catalog:course", "catalog:course:write:all", "Catalog:course:write"]
)
def test_a_permission_has_three_parts(permission: str) -> None:
    with pytest.raises(ValueError, match="room:noun:verb"):
        access.member("institution", permission=permission)
