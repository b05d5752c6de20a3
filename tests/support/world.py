"""One small world with a row of everything and somebody of every kind, for tests that go everywhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from app import storage
from app.audit import AuditEntry
from app.catalog.models import Course, CourseReview, CourseRevision, CourseRun, RevisionState, RunSession
from app.catalog.search.models import SavedSearch, Synonym
from app.clock import now, today
from app.enroll.models import (
    EligibilityDecision,
    Enrollment,
    EnrollmentState,
    ImportState,
    LearnerProfile,
    PapersState,
    Proof,
    ProofFile,
    RegisterImport,
    RegisterKind,
    RegisterRow,
    ReviewRequest,
    WaitlistEntry,
)
from app.enroll.rules import write_claim
from app.notifications import Notice
from app.policy.models import Designation, DesignationState, ShortageList, ShortageListEntry
from app.security import hash_token, new_token
from app.tenants.models import (
    Invitation,
    Login,
    Membership,
    ResetChannel,
    ResetToken,
    Role,
    Tenant,
    TenantKind,
    TenantState,
    User,
)
from app.uploads import read_upload
from tests.factories import Make
from tests.factories.policy import UNLISTED
from tests.support.papers import photo

HOME, ELSEWHERE = "130108", "130102"  # 裕华区, 长安区


@dataclass(frozen=True)
class Person:
    """Somebody who visits: `role` names them, `tenant` is the desk they sit at."""

    role: str
    user: User | None = None
    tenant: Tenant | None = None
    member_role: Role | None = None

    @property
    def kind(self) -> str | None:
        return self.tenant.kind.value if self.tenant else None

    @property
    def is_at_home(self) -> bool:
        """Whether the example rows are theirs: not a stranger of the same kind."""
        return not self.role.startswith("other_")


@dataclass
class World:
    """The people and the example rows; `rows` are found by name."""

    people: dict[str, Person] = field(default_factory=dict)
    rows: Any = field(default_factory=SimpleNamespace)


def build(make: Make) -> World:
    """Make the world: everything belongs to the learner, the institution and the bureau of `HOME`."""
    world = World()
    _people(make, world)
    _catalog(make, world)
    _enrollments(make, world)
    _tenancy(make, world)
    _policy(make, world)
    return world


def _people(make: Make, world: World) -> None:
    def add(person: Person) -> None:
        world.people[person.role] = person

    add(Person("nobody"))
    add(Person("learner", make.learner()))
    add(Person("other_learner", make.learner(region=ELSEWHERE)))
    for kind in TenantKind:
        for prefix, region in (("", HOME), ("other_", ELSEWHERE)):
            tenant = make.tenant(kind, region=region)
            add(Person(f"{prefix}{kind.value}", make.member(tenant), tenant, Role.OWNER))
            if not prefix:
                setattr(world.rows, kind.value, tenant)
    city = make.bureau("130100")
    add(Person("city_bureau", make.member(city), city, Role.OWNER))
    world.rows.learner = world.people["learner"].user
    world.rows.login = make.session.query(Login).filter_by(user_id=world.rows.learner.id).one()


def _catalog(make: Make, world: World) -> None:
    rows = world.rows
    rows.course = make.course(rows.institution)
    rows.live_revision = _revision_of(make, rows.course)
    rows.submitted = make.revision(
        rows.course,
        trade_id=rows.live_revision.trade_id,
        live=False,
        number=2,
        state=RevisionState.SUBMITTED,
        submitted_at=now(),
    )
    rows.draft_course = make.course(rows.institution, live=False)
    rows.run = make.run(rows.course, seats=3, taken=2)
    rows.saved_search = make.add(SavedSearch(user_id=rows.learner.id, address="q=焊工", seen_at=now()))
    rows.lesson = make.session.query(RunSession).filter_by(run_id=rows.run.id).first()
    rows.draft_run = make.run(rows.course, open_=False, starts_in=60)
    rows.course_review = make.add(
        CourseReview(
            revision_id=rows.live_revision.id,
            tenant_id=rows.institution.id,
            region_id=rows.institution.region_id,
            decision="approved",
            reason_codes=[],
            decided_by=world.people["bureau"].user.id,  # type: ignore[union-attr]
        )
    )


def _revision_of(make: Make, course: Course) -> CourseRevision:
    return make.session.query(CourseRevision).filter_by(course_id=course.id).one()


def enrollment(make: Make, run: CourseRun, learner: User, state: EnrollmentState, **values: Any) -> Enrollment:
    """An enrollment as the seat functions would have left it, without touching the run's counter."""
    return make.add(
        Enrollment(
            run_id=run.id,
            course_id=run.course_id,
            tenant_id=run.tenant_id,
            region_id=run.region_id,
            learner_region_id=run.region_id,
            learner_id=learner.id,
            learner_name="示例学员",
            id_number_masked="130***********0012",
            phone="13800000000",
            course_title="焊工（五级）职业技能培训",
            state=state,
            reason_codes=[],
            **{
                "busy": [],
                "answer": "yes",
                "rule_code": "R1",
                "subsidy_fen": 250000,
                "learner_pays_fen": 0,
                **values,
            },
        )
    )


def proof_file(make: Make, proof: Proof, content: bytes | None = None) -> ProofFile:
    """A photo handed in with a proof, on the disk too."""
    upload = read_upload(content or photo())
    return make.add(
        ProofFile(
            proof_id=proof.id,
            learner_id=proof.learner_id,
            region_id=proof.region_id,
            name=storage.put(upload.content),
            kind=upload.kind,
            size=len(upload.content),
            sha256=hashlib.sha256(upload.content).digest(),
        )
    )


def _enrollments(make: Make, world: World) -> None:
    rows, learner = world.rows, world.rows.learner
    rows.enrollment = enrollment(
        make, rows.run, learner, EnrollmentState.APPLIED, papers=PapersState.PENDING, busy=rows.run.session_times
    )
    rows.offered = enrollment(
        make,
        make.run(rows.course, seats=1, taken=1, starts_in=20),
        learner,
        EnrollmentState.OFFERED,
        offer_expires_at=now() + timedelta(hours=20),
    )
    rows.waiting = enrollment(
        make, make.run(rows.course, seats=1, taken=1, starts_in=30), learner, EnrollmentState.WAITING
    )
    make.add(WaitlistEntry(enrollment_id=rows.waiting.id, run_id=rows.waiting.run_id, number=1))
    region_id = rows.institution.region_id
    rows.proof = make.add(
        Proof(learner_id=learner.id, region_id=region_id, claim=write_claim(["REG_UNEMPLOYED"]), reason_codes=[])
    )
    rows.proof_file = proof_file(make, rows.proof)
    rows.register_import = make.add(
        RegisterImport(
            region_id=region_id,
            register=RegisterKind.VETERANS,
            state=ImportState.IN_FORCE,
            as_of=today(),
            rows=1,
            errors=[{"line": 3, "code": "row_number_wrong", "params": {}}],
            matched=1,
        )
    )
    make.add(
        RegisterRow(
            import_id=rows.register_import.id,
            region_id=region_id,
            register=RegisterKind.VETERANS,
            id_number_index=make.session.get_one(LearnerProfile, learner.id).id_number_index,
            record='{"name": "示例学员"}',
            learner_id=learner.id,
        )
    )
    rows.decision = make.add(
        EligibilityDecision(
            enrollment_id=rows.enrollment.id,
            learner_id=learner.id,
            region_id=region_id,
            judged_on=today(),
            answer="yes",
            rule_code="R1",
            subsidy_fen=250000,
            grounds='{"facts": {}, "groups": ["REG_UNEMPLOYED"]}',
            valid_until=today() + timedelta(days=90),
        )
    )
    rows.review_request = make.add(
        ReviewRequest(learner_id=learner.id, region_id=region_id, course_id=rows.course.id, message="请复核。")
    )
    rows.notice = make.add(Notice(user_id=learner.id, kind="world.built", params={}, dedupe="world"))


def _tenancy(make: Make, world: World) -> None:
    rows = world.rows
    rows.unverified = make.institution(state=TenantState.UNVERIFIED)
    colleague = make.member(rows.institution, Role.TEACHER)
    world.people["colleague"] = Person("colleague", colleague, rows.institution, Role.TEACHER)
    rows.membership = make.session.query(Membership).filter_by(user_id=colleague.id).one()
    rows.invitation_token, rows.reset_token = new_token(), new_token()
    rows.invitation = make.add(
        Invitation(
            tenant_id=rows.institution.id,
            tenant_name=rows.institution.name,
            role=Role.TEACHER,
            token_hash=_stored(rows.invitation_token),
            invited_by=world.people["institution"].user.id,  # type: ignore[union-attr]
            expires_at=now() + timedelta(days=7),
        )
    )
    make.add(
        ResetToken(
            user_id=rows.learner.id,
            channel=ResetChannel.EMAIL,
            token_hash=_stored(rows.reset_token),
            expires_at=now() + timedelta(hours=1),
        )
    )
    make.add(
        AuditEntry(
            actor_id=rows.learner.id,
            tenant_id=rows.institution.id,
            region_id=rows.institution.region_id,
            tag="world.built",
            subject_kind="course",
            subject_id=rows.course.id,
            data={},
        )
    )


def _stored(token: str) -> str:
    return hash_token(token).hex()


def _policy(make: Make, world: World) -> None:
    rows = world.rows
    synonym = make.session.query(Synonym).order_by(Synonym.id).first()
    rows.synonym_id = synonym.id
    ended = {"is_active": False, "created_by": rows.learner.id, "ended_at": now()}
    make.add(Synonym(region_id=synonym.region_id, said="示例说法", meant=synonym.meant, **ended))
    rows.published_list_id = make.session.query(ShortageList.id).filter_by(is_published=True).limit(1).scalar()
    rows.designation = make.session.query(Designation).filter_by(tenant_id=rows.institution.id).first()
    withdrawn = make.designation(rows.institution, UNLISTED)
    withdrawn.state, withdrawn.is_public = DesignationState.REMOVED, False
    author = world.people["bureau"].user
    home = make.region(HOME).id
    rows.draft_list = make.add(
        ShortageList(
            region_id=home,
            name="急需紧缺职业目录（草稿）",
            document_no="示例〔2026〕9号",
            valid_from=date(2099, 1, 1),
            authored_by=author.id,  # type: ignore[union-attr]
        )
    )
    make.add(
        ShortageListEntry(
            list_id=rows.draft_list.id, region_id=home, trade_id=make.trade().id, position=1, name="电焊工"
        )
    )
    rows.draft_amount = make.amount("R2_EMP_SHORT", 260_000, author=author, region_id=home)
    rows.draft_limit = make.limit("uses_per_year", 2, author=author, region_id=home)
