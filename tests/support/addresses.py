"""Where everybody can go: an example for every argument of every URL, and who may see what it shows.

A route with a new argument needs an example in `EXAMPLES`; a guard test says so. `visits` is the list of pages
that tests walk through (access, accessibility).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from werkzeug.routing import Rule

from app.security import AccessRule, rule_of
from app.tenants.models import Role, TenantKind
from app.tenants.permissions import PERMISSIONS
from tests.factories import Make
from tests.support.world import Person, World, build


@dataclass(frozen=True)
class Example:
    """A value for a URL argument; `desk` and `person` say whether a row is its tenant's or its learner's alone.

    A `desk` row answers 404 at the desk of any other tenant, a `person` row answers 404 to any other person
    outside a desk; everything else anyone may ask for who may call the view.
    """

    value: Callable[[Any], Any]
    desk: bool = True
    person: bool = False


# By argument; `endpoint:argument` is asked first, for views that need another row.
EXAMPLES: dict[str, Example] = {
    "tenant_id": Example(lambda rows: rows.unverified.id),
    "membership_id": Example(lambda rows: rows.membership.id, person=True),
    "invitation_id": Example(lambda rows: rows.invitation.id),
    "login_id": Example(lambda rows: rows.login.id, person=True),
    "course_id": Example(lambda rows: rows.course.id),
    "revision_id": Example(lambda rows: rows.submitted.id),
    "review_id": Example(lambda rows: rows.review_request.id, person=True),
    "request_id": Example(lambda rows: rows.review_request.id, person=True),
    "run_id": Example(lambda rows: rows.run.id),
    "lesson_id": Example(lambda rows: rows.lesson.id),
    "enrollment_id": Example(lambda rows: rows.enrollment.id, person=True),
    "proof_id": Example(lambda rows: rows.proof.id, person=True),
    "file_id": Example(lambda rows: rows.proof_file.id, person=True),
    "import_id": Example(lambda rows: rows.register_import.id),
    "register": Example(lambda rows: "unemployment", desk=False),
    "notice_id": Example(lambda rows: rows.notice.id, person=True),
    "saved_search_id": Example(lambda rows: rows.saved_search.id, person=True),
    "designation_id": Example(lambda rows: rows.designation.id),
    "synonym_id": Example(lambda rows: rows.synonym_id, desk=False),
    "list_id": Example(lambda rows: rows.draft_list.id),
    "amount_id": Example(lambda rows: rows.draft_amount.id),
    "limit_id": Example(lambda rows: rows.draft_limit.id),
    "limit_code": Example(lambda rows: "uses_per_year", desk=False),
    "rule_code": Example(lambda rows: "R2_EMP_SHORT", desk=False),
    "number": Example(lambda rows: 1, desk=False),
    "tenants.invitation:token": Example(lambda rows: rows.invitation_token, desk=False),
    "tenants.reset_link:token": Example(lambda rows: rows.reset_token, desk=False),
    "public.shortage_list:list_id": Example(lambda rows: rows.published_list_id, desk=False),
    "tenants.set_language:code": Example(lambda rows: "en", desk=False),
    "tenants.keep_language:code": Example(lambda rows: "en", desk=False),
    "enroll.export:kind": Example(lambda rows: "csv", desk=False),
    "enroll.accept_offer:enrollment_id": Example(lambda rows: rows.offered.id, person=True),
}

# The law and what people say are the city's to keep: a county bureau finds nothing there.
CITY_ONLY = {"policy.new_shortage_list", "policy.new_amount", "policy.new_limit", "catalog.end_synonym"}

# Pages that send everyone on, whoever asks; a browser test has nothing to look at there.
SENDS_ON = {"tenants.reset_link", "tenants.set_language"}


def example_of(rule: Rule, argument: str) -> Example | None:
    """The example for one argument of a route, if there is one."""
    return EXAMPLES.get(f"{rule.endpoint}:{argument}") or EXAMPLES.get(argument)


def routes(app: Flask) -> Iterator[tuple[Rule, AccessRule]]:
    """Every route but the static files, with its declared access."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        declared = rule_of(app.view_functions[rule.endpoint])
        if rule.endpoint != "static" and declared is not None:
            yield rule, declared


def url_of(app: Flask, rule: Rule, world: World) -> str:
    """The route's URL with its examples filled in; raises KeyError for an argument without one."""
    values = {}
    for argument in rule.arguments:
        example = example_of(rule, argument)
        if example is None:
            raise KeyError(f"{rule.endpoint}: no example for {argument!r} in tests/support/addresses.py")
        values[argument] = example.value(world.rows)
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values, append_unknown=False))


def _has_permission(person: Person, declared: AccessRule) -> bool:
    if person.kind is None or person.member_role is None:
        return False
    if declared.kinds and person.kind not in declared.kinds:
        return False
    if declared.permission is None:
        return True
    allowed: frozenset[Role] = PERMISSIONS[TenantKind(person.kind)].get(declared.permission, frozenset())
    return person.member_role in allowed


def answer(rule: Rule, declared: AccessRule, person: Person) -> str:
    """What the person must get: "page", "sign-in" or "not-found", by the declared rule alone."""
    examples = [example for argument in rule.arguments if (example := example_of(rule, argument))]
    if declared.kind == "anyone":
        return "page"
    if person.user is None:
        return "sign-in"
    if declared.kind == "signed_in":
        if any(example.person for example in examples):
            return "page" if owns(rule, person) else "not-found"
        return "page"
    if not _has_permission(person, declared):
        return "not-found"
    if rule.endpoint in CITY_ONLY and person.role != "city_bureau":
        return "not-found"
    if any(example.desk for example in examples) and not person.is_at_home:
        return "not-found"
    return "page"


def owns(rule: Rule, person: Person) -> bool:
    """Whether the person rows of this route are theirs: all belong to the learner of the world."""
    if "membership_id" in rule.arguments:
        return person.role == "colleague"
    return person.role == "learner"


@dataclass(frozen=True)
class Visit:
    """One page as one person sees it."""

    endpoint: str
    url: str
    role: str
    user: Any
    tenant: Any


def visits(make: Make, app: Flask | None = None, world: World | None = None) -> list[Visit]:
    """Every GET page of the URL map, as each person who may see it; builds the world unless one is given."""
    app = app or current_app._get_current_object()  # type: ignore[attr-defined]
    world = world or build(make)
    return [
        Visit(rule.endpoint, url_of(app, rule, world), person.role, person.user, person.tenant)
        for rule, declared in routes(app)
        if "GET" in (rule.methods or ()) and rule.endpoint not in SENDS_ON
        for person in world.people.values()
        if answer(rule, declared, person) == "page"
    ]
