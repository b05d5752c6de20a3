"""A town for comparing: learners of every group go every way, and who stands for which group can be turned round.

`Town(..., turn=0)` and `Town(..., turn=1)` are the same people with the same fates; only the groups have changed
hands, within the groups that get the same verdict. What differs between the two betrays a group.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import jobs
from app.catalog.models import Course, CourseForm, CourseRun
from app.clock import today
from app.enroll.models import Enrollment, LearnerProfile, Proof, ProofFile
from app.enroll.services import judging
from app.enroll.services.papers import REFERRED, suggested_until
from app.enroll.services.seats import institution_scope
from app.policy import services as policy
from app.policy.evaluator import evaluate
from app.policy.verdict import Answer, Offer
from app.tenants.models import Login, LoginKind, Role, Tenant, User
from tests.enroll import registers
from tests.enroll.registers import bring_in
from tests.factories import Make
from tests.factories.policy import WELDER
from tests.support.papers import photo
from tests.support.world import World, build

FATES = ("applied", "admitted", "refused", "withdrawn", "waiting", "accepted", "ran_out", "cancelled")
QUEUED = ("waiting", "accepted", "ran_out")
REGISTERS = {"REG_UNEMPLOYED": "unemployment", "VETERAN": "veterans", "DISABLED": "disability"}
FEE = 180_000
Classes = dict[tuple[object, ...], list[str]]
BASE = {"residence": "hukou", "birth_on": "1990-01-01", "sex": "male"}


def terms(group: str, *, form: str, level: int | None, listed: bool = True) -> tuple[object, ...]:
    """What an institution is told of a person of the group, on a course of 1800 yuan."""
    offer = Offer(WELDER, "焊工", listed, level, FEE, form, True)
    verdict = evaluate(policy.rulebook(), {**BASE, "situations": [group]}, offer, today())
    if verdict.answer not in (Answer.YES, Answer.UNKNOWN):
        return "no", None, 0, FEE
    pays = verdict.learner_pays_fen if verdict.answer is Answer.YES else None
    return *judging.as_decided(verdict), pays


def classes(*, form: str, level: int | None, listed: bool = True) -> Classes:
    """Every group of the policy by what an institution would be told."""
    found: Classes = {}
    for group in policy.rulebook().groups:
        found.setdefault(terms(group.code, form=form, level=level, listed=listed), []).append(group.code)
    return found


@dataclass(frozen=True)
class Learner:
    """Somebody of a cohort: `group` is what nobody may learn, `half` the run they apply to."""

    user: User
    group: str
    half: int


class Town:
    """Builds the world, and sends every cohort its way."""

    def __init__(self, app: Flask, make: Make, login: Callable[..., None], run_jobs: Any, *, turn: int) -> None:
        self.app, self.make, self.login, self.run_jobs, self.turn = app, make, login, run_jobs, turn
        self.world: World = build(make)
        rows = self.world.rows
        city = make.region("130100").id  # whose drafts of the law are simulated at night
        for table in ("subsidy_rules", "policy_parameters", "shortage_lists"):
            self.by_hand(f"update {table} set region_id = {city} where not is_published")
        self.place: Tenant = rows.institution
        self.desk = self.sit(self.world.people["institution"].user, self.place)
        self.bureau = self.sit(self.world.people["bureau"].user, rows.bureau)
        self.other: Tenant = self.world.people["other_institution"].tenant  # type: ignore[assignment]
        self.staff = {role.value: make.member(self.place, role) for role in (Role.MANAGER, Role.FINANCE)}
        self.clients: dict[int, Any] = {}
        self.runs: dict[tuple[str, str], list[CourseRun]] = {}
        self.course: Course = make.course(self.place)
        self.upgrade: Course = make.course(self.place, form=CourseForm.UPGRADE)
        self.elsewhere: Course = make.course(self.other)
        self.said: list[tuple[str, str]] = []

    # --- People ---------------------------------------------------------------------------------------------

    def sit(self, user: User | None, tenant: Tenant | None = None) -> Any:
        """A browser of this person, at the tenant's desk."""
        client = self.app.test_client()
        if user is not None:
            self.login(client, user, tenant)
        return client

    def cohort(self, groups: Sequence[str], *, says: bool = True, mails: bool = False) -> list[Learner]:
        """One learner for each group; the groups turned on by a step that reaches them all in time."""
        step = next(n for n in range(max(1, len(groups) // 2), 0, -1) if math.gcd(n, len(groups)) == 1) * self.turn
        found = []
        for number in range(len(groups)):
            group = groups[(number + step) % len(groups)]
            user = self.make.learner()
            if says:
                profile = self.make.session.get_one(LearnerProfile, user.id)
                profile.facts = json.dumps({"situations": [group], "residence": "hukou"})
            if mails:
                self.make.add(Login(user_id=user.id, kind=LoginKind.EMAIL, value=f"mail{user.id}@example.com"))
            self.make.session.commit()
            self.clients[user.id] = self.sit(user)
            found.append(Learner(user, group, 2 * number // len(groups)))
        return found

    # --- What learners do -----------------------------------------------------------------------------------

    def runs_of(self, way: str, fate: str, course: Course) -> list[CourseRun]:
        """Two runs for a cohort's halves, so that the groups of a run as a whole change with the turn."""
        if (way, fate) not in self.runs:
            seats = {"seats": 1, "taken": 1} if fate in QUEUED else {"seats": 40}
            starts = 10 + 10 * FATES.index(fate) if course is not self.elsewhere else 200
            self.runs[way, fate] = [self.make.run(course, starts_in=starts, **seats) for _ in range(2)]
        return self.runs[way, fate]

    def apply(
        self,
        cohort: Iterable[Learner],
        way: str,
        fate: str = "applied",
        *,
        course: Course | None = None,
        answers: dict[str, str] | None = None,
    ) -> None:
        """Each applies to their half's run."""
        runs = self.runs_of(way, fate, course or self.course)
        for learner in cohort:
            client = self.clients[learner.user.id]
            if answers:
                with client.session_transaction() as session:
                    session["answers"] = answers
            sent = client.post(f"/runs/{runs[learner.half].id}/apply")
            assert sent.status_code == 303, sent.get_data(as_text=True)

    def ids(self, way: str, fate: str) -> list[list[int]]:
        """The applications to each of the two runs."""
        return [
            list(
                self.make.session.scalars(
                    sa.select(Enrollment.id).filter_by(run_id=run.id).order_by(Enrollment.id)
                )
            )
            for run in self.runs[way, fate]
        ]

    def decide_all(self, way: str, cohort: Sequence[Learner]) -> None:
        """What becomes of the applications of a cohort to the runs of each fate."""
        for run, ids in zip(self.runs[way, "admitted"], self.ids(way, "admitted"), strict=True):
            self.decide(run, {"action": "admit", "enrollment_id": ids})
        for run, ids in zip(self.runs[way, "refused"], self.ids(way, "refused"), strict=True):
            self.decide(run, {"action": "refuse", "enrollment_id": ids, "reason_codes": "papers_not_verified"})
        for name, act in (("withdrawn", "withdraw"), ("accepted", "accept-offer")):
            if name == "accepted":
                self.offer(way, "accepted")
                self.offer(way, "ran_out")
            runs = [run.id for run in self.runs[way, name]]
            mine = sa.select(Enrollment.id, Enrollment.learner_id).where(Enrollment.run_id.in_(runs))
            for enrollment_id, learner_id in self.make.session.execute(mine.order_by(Enrollment.id)).all():
                assert self.clients[learner_id].post(f"/me/enrollments/{enrollment_id}/{act}").status_code == 303
        self.by_hand(
            "update enrollments set offer_expires_at = now() - interval '1 minute' where state = 'offered'"
        )
        for ids in self.ids(way, "ran_out"):
            for enrollment_id in ids:
                self.job("enroll.expire_offer", enrollment_id=enrollment_id)
        for run in self.runs[way, "cancelled"]:
            self.by_hand(f"update course_runs set state = 'cancelled' where id = {run.id}")
            self.job("enroll.run_cancelled", run_id=run.id, reason_code="too_few")

    def decide(self, run: CourseRun, data: dict[str, Any]) -> None:
        """The institution decides on applicants."""
        assert self.desk.post(f"/desk/runs/{run.id}/decisions", data=data).status_code == 303

    def offer(self, way: str, fate: str) -> None:
        """Seats become free for everyone who waits."""
        for run in self.runs[way, fate]:
            self.by_hand(f"update run_seats set capacity = 40 where run_id = {run.id}")
            self.job("enroll.offer_seats", run_id=run.id)

    def ask_for_review(self, cohort: Iterable[Learner]) -> None:
        """Each writes to the bureau who they are, and the bureau answers with the same."""
        region = self.make.region().id
        for learner in cohort:
            data = {"region_id": region, "message": f"我属于 {learner.group}"}
            url = f"/courses/{self.course.id}/review-requests/new"
            assert self.clients[learner.user.id].post(url, data=data).status_code == 303
            newest = self.make.session.scalar(sa.text("select max(id) from review_requests"))
            data = {"answer": f"已核实：{learner.group}"}
            assert self.bureau.post(f"/desk/review-requests/{newest}", data=data).status_code == 303

    # --- What the bureau does -------------------------------------------------------------------------------

    def proof(self, learner: Learner) -> Proof:
        """The newest papers of a learner."""
        self.make.session.expire_all()
        newest = sa.select(Proof).filter_by(learner_id=learner.user.id).order_by(Proof.id.desc()).limit(1)
        return self.make.session.scalars(newest).one()

    def verify(self, cohort: Iterable[Learner]) -> None:
        """The bureau sees papers of the groups, claimed or not."""
        for learner in cohort:
            proof = self.proof(learner)
            field = "groups" if learner.group in proof.claim.split(",") else "other"
            files = self.make.session.scalars(sa.select(ProofFile.id).filter_by(proof_id=proof.id))
            seen, until = ",".join(map(str, files)), today() + timedelta(days=80)
            data = {field: learner.group, "valid_until": until.isoformat(), "seen": seen}
            sent = self.bureau.post(f"/desk/proofs/{proof.id}/verify", data=data)
            assert sent.status_code == 303, sent.get_data(as_text=True)

    def send_back(self, cohort: Iterable[Learner]) -> None:
        """The bureau returns the papers: not of that group."""
        for learner in cohort:
            data = {"reason_codes": ["not_in_group"], "note": learner.group}
            assert self.bureau.post(f"/desk/proofs/{self.proof(learner).id}/return", data=data).status_code == 303

    def hand_in(self, cohort: Iterable[Learner]) -> None:
        """The learners upload a photo of their papers."""
        content = photo((64, 48))
        for learner in cohort:
            sent = self.clients[learner.user.id].post(
                f"/me/proofs/{self.proof(learner).id}/files",
                data={"files": (io.BytesIO(content), "证件.jpg")},
                content_type="multipart/form-data",
            )
            assert sent.status_code == 303, sent.get_data(as_text=True)

    def hand_in_again(self, cohort: Iterable[Learner]) -> None:
        """The learners hand returned papers in again."""
        for learner in cohort:
            url = f"/me/proofs/{self.proof(learner).id}/submissions"
            assert self.clients[learner.user.id].post(url).status_code == 303

    def certify(self, cohort: Sequence[Learner]) -> None:
        """Each by the way there is for their group: a state register, a referral, or papers."""
        for kind in ("unemployment", "veterans", "disability"):
            people = [self.identity(each) for each in cohort if REGISTERS.get(each.group) == kind]
            if people:
                bring_in(self.bureau, kind, *people)
        for each in cohort:
            if each.group in REFERRED:
                data = {"learner": self.identity(each)[0], "group": each.group}
                assert self.bureau.post("/desk/referrals", data=data).status_code == 303
        self.verify(each for each in cohort if each.group not in REFERRED and each.group not in REGISTERS)

    def certify_no_more(self) -> None:
        """The lists of the unemployed and of people with a disability name others from now on."""
        for kind in ("unemployment", "disability"):
            bring_in(self.bureau, kind, (registers.number(8), "换了人"))

    def identity(self, learner: Learner) -> tuple[str, str]:
        """The ID number and the name."""
        profile = self.make.session.get_one(LearnerProfile, learner.user.id)
        return profile.id_number, profile.name

    def let_expire(self, cohort: Iterable[Learner]) -> None:
        """Months go by: the papers that serve for months run out, the others do not, and a night passes."""
        with self.app.app_context():
            short = [learner for learner in cohort if suggested_until([learner.group], on=today())]
        learners = ",".join(str(learner.user.id) for learner in short)
        self.by_hand(f"update proofs set valid_until = current_date - 2 where learner_id in ({learners})")
        jobs.queue.tasks["enroll.night"].func(timestamp=0)
        self.work()

    # --- Behind the scenes ----------------------------------------------------------------------------------

    def by_hand(self, sql: str) -> None:
        """What time or an operator would do."""
        self.make.session.execute(sa.text(sql))
        self.make.session.commit()

    def job(self, name: str, **args: object) -> None:
        """Run a job at once, in the institution's scope."""
        jobs.queue.tasks[name].func(scope=institution_scope(self.place.id).as_job_args(), **args)

    def work(self, *, late: bool = False) -> None:
        """The worker; what it was given to do is remembered."""
        waiting = sa.text("select task_name, args::text from procrastinate_jobs order by id")
        self.said += [(row.task_name, row.args) for row in self.make.session.execute(waiting)]
        self.run_jobs(late=late)


def send_everyone_through(town: Town) -> None:
    """Every group, every way: said, shown, returned, run out, known before and after, reviewed, not free."""
    with town.app.app_context():
        employment = classes(form="employment", level=5)
        upgrade = classes(form="upgrade", level=5)
    free = max((each for key, each in employment.items() if key[0] == "yes"), key=len)
    said, shown, returned, expired = (town.cohort(free, mails=mails) for mails in (False, True, False, False))
    before, after = town.cohort(free, says=False), town.cohort(free, says=False)
    # Who says they are in no group has no papers with the bureau; only a register or a referral changes that.
    denied = town.cohort([*REGISTERS, *REFERRED], says=False)
    for fate in FATES:
        town.apply(said, "said", fate)
    town.apply(denied, "denied", answers={"situations": "none_of_these"})
    for cohort, way in ((shown, "shown"), (returned, "returned"), (expired, "expired"), (after, "after")):
        town.apply(cohort, way)
    town.apply(before, "elsewhere", course=town.elsewhere)
    town.decide_all("said", said)
    town.hand_in(shown)
    town.verify([*shown, *expired])
    town.send_back(returned)
    town.hand_in_again(returned)
    town.send_back(returned)
    town.work()
    town.let_expire(expired)
    town.certify([*before, *after, *denied])
    town.work()
    town.apply(before, "before")
    town.certify_no_more()
    town.work()
    town.ask_for_review(said)
    send_the_others_through(town, employment, upgrade)


def send_the_others_through(town: Town, employment: Classes, upgrade: Classes) -> None:
    """The groups that pay on an employment course, and those an upgrade course is free for."""
    for number, (key, groups) in enumerate(sorted(employment.items(), key=str)):
        if key[0] != "yes":
            town.apply(town.cohort(groups), f"not_free_{number}")
    for number, (key, groups) in enumerate(sorted(upgrade.items(), key=str)):
        if key[0] == "yes":
            cohort = town.cohort(groups)
            town.apply(cohort, f"upgrade_{number}", course=town.upgrade)
            town.verify(cohort)
    town.work(late=True)
