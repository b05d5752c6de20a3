"""Building the demo city: one transaction of the tables' owner, ids and dates from the seed and the day alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import AuditEntry
from app.catalog import reference as catalog
from app.catalog.models import (
    Course,
    CourseReview,
    CourseRevision,
    CourseRun,
    RunSeats,
    RunSession,
)
from app.db import Model
from app.enroll.models import (
    EligibilityDecision,
    Enrollment,
    LearnerProfile,
    Proof,
    ProofFile,
    RegisterImport,
    RegisterRow,
    ReviewRequest,
    WaitlistEntry,
)
from app.notifications import Notice
from app.policy import store
from app.policy.models import Designation, PolicyParameter, ShortageList, ShortageListEntry, SubsidyRule
from app.scope import Scope
from app.security import hash_password
from app.seed.accounts import PASSWORD
from app.seed.block import Block, Organisation
from app.seed.courses import add_courses
from app.seed.enrollments import add_enrollments
from app.seed.growth import designated_schools, grow_catalog, grow_schools, read_bureaus
from app.seed.learners import add_learners
from app.seed.models import DemoMarker
from app.seed.organisations import add_accounts, add_bureaus, add_companies, add_schools
from app.seed.papers import add_papers
from app.seed.reference import Reference, read_reference
from app.seed.registers import add_registers
from app.seed.rows import Rows, references_down, walls_down
from app.seed.runs import add_runs
from app.seed.verdicts import Judge
from app.seed.versions import add_versions
from app.tenants.models import Invitation, Login, Membership, Tenant, TenantContact, User

MODELS: tuple[type[Model], ...] = (
    DemoMarker,
    User,
    Login,
    Tenant,
    TenantContact,
    Membership,
    Invitation,
    Designation,
    ShortageList,
    ShortageListEntry,
    SubsidyRule,
    PolicyParameter,
    Course,
    CourseRevision,
    CourseReview,
    CourseRun,
    RunSession,
    RunSeats,
    LearnerProfile,
    Proof,
    ProofFile,
    RegisterImport,
    RegisterRow,
    Enrollment,
    EligibilityDecision,
    WaitlistEntry,
    ReviewRequest,
    Notice,
    AuditEntry,
)


class NotEmptyError(RuntimeError):
    """The database holds people who are not the demo city's."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build: `courses` is the least number of courses there will be, 0 for as many as come."""

    today: date
    seed: int = 2019
    scale: int = 1
    courses: int = 0


Progress = Callable[[str, int, int], None]


def build(
    engine: sa.Engine, plan: Plan, *, progress: Progress = lambda _what, _count, _total: None
) -> dict[str, int]:
    """Build the city, or only grow the catalog of one that is there; returns the rows written by table.

    Running it again changes nothing. Raises NotEmptyError where other people's rows are.
    """
    with Session(engine) as session, session.begin():
        store.load(session)
        catalog.load(session)
        is_built = session.scalar(sa.select(DemoMarker.id)) is not None
    if is_built and not plan.courses:
        return {}
    with engine.begin() as connection, walls_down(connection, MODELS):
        if not is_built and connection.scalar(sa.select(sa.exists(sa.select(Tenant.id)))):
            raise NotEmptyError
        if is_built and _missing(connection, plan) <= 0:
            return {}
        with references_down(connection, MODELS):
            reference = read_reference(connection, plan.today)
            rows = Rows(connection, MODELS)
            if not is_built:
                rows.add(DemoMarker, seed=plan.seed, built_for=plan.today, scale=plan.scale)
                rows.last(DemoMarker)["id"] = 1
                _build_blocks(connection, plan, reference, rows, progress)
            _grow(connection, plan, reference, rows, progress)
            rows.finish()
            return dict(rows.written)


def _missing(connection: sa.Connection, plan: Plan) -> int:
    return plan.courses - (connection.scalar(sa.select(sa.func.count(Course.id))) or 0)


def _grow(connection: sa.Connection, plan: Plan, reference: Reference, rows: Rows, progress: Progress) -> None:
    missing = _missing(connection, plan)
    if missing <= 0:
        return
    rng = Random(f"{plan.seed}/growth/{missing}")
    bureaus = read_bureaus(connection, reference)
    block = Block(0, rng, reference, rows, hash_password(PASSWORD), bureaus)
    grow_schools(connection, block, plan.courses)
    for count in grow_catalog(block, designated_schools(connection, reference), missing):
        progress("course", count, missing)


def _build_blocks(
    connection: sa.Connection, plan: Plan, reference: Reference, rows: Rows, progress: Progress
) -> None:
    password_hash = hash_password(PASSWORD)
    judge = Judge(reference.book)
    bureaus: dict[int, Organisation] = {}
    accounts: dict[str, int] = {}
    for number in range(plan.scale):
        block = Block(number, Random(f"{plan.seed}/{number}"), reference, rows, password_hash, bureaus, accounts)
        if number == 0:
            add_accounts(block)
            add_bureaus(block)
            add_versions(block, connection)
        add_schools(block)
        add_companies(block)
        add_courses(block)
        add_runs(block)
        add_learners(block)
        if number == 0:
            add_papers(block)
            add_registers(block)
        offers = list(add_enrollments(block, judge))
        rows.flush()
        _schedule_ends(connection, offers)
        progress("city", 1, plan.scale)


def _schedule_ends(connection: sa.Connection, offers: list[tuple[int, int, datetime]]) -> None:
    """The jobs that take back the open offers when their time is over."""
    for enrollment_id, tenant_id, until in offers:
        scope = Scope(tenant_id=tenant_id, tenant_kind="institution").as_job_args()
        connection.execute(
            sa.text(
                "insert into procrastinate_jobs (queue_name, task_name, args, scheduled_at) "
                "values ('default', 'enroll.expire_offer', cast(:args as jsonb), :until)"
            ),
            {"args": json.dumps({"scope": scope, "enrollment_id": enrollment_id}), "until": until},
        )
