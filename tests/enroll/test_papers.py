"""Papers: the bureau verifies once for all, returns with reasons, records referrals, answers requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import today
from app.enroll.models import (
    EligibilityDecision,
    Enrollment,
    LearnerProfile,
    PapersState,
    Proof,
    ProofState,
    ReviewRequest,
)
from app.enroll.rules import Claim, evaluate_papers, is_claim_missing
from app.notifications import Notice
from app.tenants.models import Role
from tests.enroll.conftest import UNEMPLOYED, VETERAN
from tests.factories import Make
from tests.support.pages import LintingClient

Login = Callable[..., None]


def proof_of(make: Make, learner_id: int) -> Proof:
    make.session.expire_all()
    return make.session.scalars(
        sa.select(Proof).where(Proof.learner_id == learner_id).order_by(Proof.id.desc())
    ).first()


def verify(bureau: Any, proof: Proof, group: str, **more: Any) -> Any:
    return bureau.post(f"/desk/proofs/{proof.id}/verify", data={"groups": [group], "valid_until": "", **more})


def test_the_bureau_sees_masked_people_and_their_claim_and_reveals_with_a_record(
    bureau: Any, make: Make, enroll: Any, look: Any
) -> None:
    learner = make.learner(name="张示例")
    enroll(make.run(), learner)
    page = bureau.get("/desk/proofs").get_data(as_text=True)
    assert "张*例" in page
    assert "张示例" not in page
    assert "城镇登记失业人员" in page
    proof = proof_of(make, learner.id)
    number = make.session.get_one(LearnerProfile, learner.id).id_number
    assert number not in bureau.get(f"/desk/proofs/{proof.id}").get_data(as_text=True)
    assert look("select 1 from audit_entries where tag = 'identity.revealed'") == []
    shown = bureau.post(f"/desk/proofs/{proof.id}/reveal").get_data(as_text=True)
    assert number in shown
    assert "张示例" in shown
    assert len(look("select 1 from audit_entries where tag = 'identity.revealed'")) == 1


def test_verified_once_serves_every_application_before_and_after(bureau: Any, make: Make, enroll: Any) -> None:
    learner = make.learner()
    before = enroll(make.run(), learner)
    assert verify(bureau, proof_of(make, learner.id), "REG_UNEMPLOYED").status_code == 303
    assert make.again(before).papers is PapersState.VERIFIED
    after = enroll(make.run(starts_in=60), learner)
    assert after.papers is PapersState.VERIFIED
    assert make.session.scalar(sa.select(sa.func.count()).select_from(Proof)) == 1


def test_an_open_verdict_is_settled_by_verification_and_supersedes_the_first(
    bureau: Any, make: Make, enroll: Any, run_jobs: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner, None)
    assert enrollment.answer == "unknown"
    proof = proof_of(make, learner.id)
    assert "本人没有说明" in bureau.get(f"/desk/proofs/{proof.id}").get_data(as_text=True)
    assert verify(bureau, proof, "", groups=[], other="REG_UNEMPLOYED").status_code == 303
    make.again(enrollment)
    assert (enrollment.answer, enrollment.learner_pays_fen) == ("yes", 0)
    assert enrollment.papers is PapersState.VERIFIED
    first, second = make.session.scalars(sa.select(EligibilityDecision).order_by(EligibilityDecision.id)).all()
    assert (first.answer, second.answer, second.supersedes_id) == ("unknown", "yes", first.id)
    run_jobs()
    told = make.session.scalars(sa.select(Notice.kind).where(Notice.user_id == learner.id)).all()
    assert {"enroll.verdict_changed", "enroll.proof_verified"} <= set(told)


def test_returned_papers_say_why_and_can_be_submitted_again(
    bureau: Any, client: LintingClient, make: Make, login: Login, enroll: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner)
    proof = proof_of(make, learner.id)
    assert bureau.post(f"/desk/proofs/{proof.id}/return", data={"note": "x"}).status_code == 422
    done = bureau.post(
        f"/desk/proofs/{proof.id}/return", data={"reason_codes": ["unreadable"], "note": "请补复印件"}
    )
    assert done.status_code == 303
    assert make.again(enrollment).papers is PapersState.RETURNED
    login(client, learner)
    page = client.get("/me").get_data(as_text=True)
    assert "材料不清楚或不完整" in page
    assert "请补复印件" in page
    assert client.post(f"/me/proofs/{proof.id}/submissions").status_code == 303
    assert client.post(f"/me/proofs/{proof.id}/submissions").status_code == 303
    assert make.again(enrollment).papers is PapersState.PENDING
    states = make.session.scalars(sa.select(Proof.state).order_by(Proof.id)).all()
    assert states == [ProofState.RETURNED, ProofState.PENDING]


def test_a_decided_proof_is_not_decided_twice(bureau: Any, make: Make, enroll: Any) -> None:
    learner = make.learner()
    enroll(make.run(), learner)
    proof = proof_of(make, learner.id)
    verify(bureau, proof, "REG_UNEMPLOYED")
    again = bureau.post(
        f"/desk/proofs/{proof.id}/return", data={"reason_codes": ["not_shown"]}, follow_redirects=True
    )
    assert "已经处理过" in again.get_data(as_text=True)
    assert proof_of(make, learner.id).state is ProofState.VERIFIED


@pytest.mark.parametrize(
    "bad", [{"groups": []}, {"groups": ["NO_SUCH"]}, {"valid_until": "2020-01-01"}, {"valid_until": "soon"}]
)
def test_bad_input_on_verification_is_refused_in_words(bureau: Any, make: Make, enroll: Any, bad: Any) -> None:
    learner = make.learner()
    enroll(make.run(), learner)
    response = verify(bureau, proof_of(make, learner.id), "REG_UNEMPLOYED", **bad)
    assert response.status_code == 422
    assert 'class="error"' in response.get_data(as_text=True)


def test_another_countys_bureau_and_other_roles_see_nothing(
    app: Flask, make: Make, login: Login, enroll: Any
) -> None:
    learner = make.learner()
    enroll(make.run(), learner)
    proof = proof_of(make, learner.id)
    elsewhere = make.bureau("130102")
    client: Any = app.test_client()
    login(client, make.member(elsewhere), elsewhere)
    assert "城镇登记失业人员" not in client.get("/desk/proofs").get_data(as_text=True)
    assert client.get(f"/desk/proofs/{proof.id}").status_code == 404
    assert client.post(f"/desk/proofs/{proof.id}/reveal").status_code == 404
    assert verify(client, proof, "REG_UNEMPLOYED").status_code == 404
    assert proof_of(make, learner.id).state is ProofState.PENDING
    here = make.bureau()
    auditor: Any = app.test_client()
    login(auditor, make.member(here, Role.AUDITOR), here)
    assert auditor.get("/desk/proofs").status_code == 404
    city = make.bureau("130100")
    mayor: Any = app.test_client()
    login(mayor, make.member(city), city)
    assert "城镇登记失业人员" in mayor.get("/desk/proofs").get_data(as_text=True)


@pytest.mark.parametrize("by", ["login", "id_number"])
def test_a_referral_opens_the_course_and_shows_the_institution_no_group(
    bureau: Any, make: Make, enroll: Any, by: str
) -> None:
    learner = make.learner()
    named = (
        make.session.execute(
            sa.text("select value from logins where user_id = :id"), {"id": learner.id}
        ).scalar_one()
        if by == "login"
        else make.session.get_one(LearnerProfile, learner.id).id_number
    )
    done = bureau.post(
        "/desk/referrals", data={"learner": named, "group": "COMMUNITY_CORRECTION", "valid_until": ""}
    )
    assert done.status_code == 303
    enrollment = enroll(make.run(), learner, {"age_band": "16_49", "residence": "hukou"})
    assert (enrollment.answer, enrollment.learner_pays_fen) == ("yes", 0)
    assert enrollment.papers is PapersState.VERIFIED
    proof = proof_of(make, learner.id)
    assert proof.is_referral


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"learner": "nobody-here", "group": "COMMUNITY_CORRECTION"}, "没有找到这位学员"),
        ({"learner": "", "group": "COMMUNITY_CORRECTION"}, "请填写"),
        ({"learner": "x", "group": "VETERAN"}, "请从给出的选项中选择"),
        ({"learner": "x" * 300, "group": "COMMUNITY_CORRECTION"}, "最多"),
    ],
)
def test_a_referral_of_nobody_is_refused(bureau: Any, data: dict[str, str], says: str) -> None:
    response = bureau.post("/desk/referrals", data=data)
    assert response.status_code == 422
    assert says in response.get_data(as_text=True)


def test_a_person_may_ask_for_a_review_and_is_answered(
    bureau: Any, client: LintingClient, make: Make, login: Login, run_jobs: Any
) -> None:
    course, learner = make.course(), make.learner()
    login(client, learner)
    url = f"/courses/{course.id}/review-requests/new"
    assert client.get(url).status_code == 200
    empty = client.post(url, data={"region_id": make.region().id, "message": "  "})
    assert empty.status_code == 422
    asked = client.post(url, data={"region_id": make.region().id, "message": "我其实已经办了失业登记"})
    assert asked.status_code == 303
    row = make.session.scalars(sa.select(ReviewRequest)).one()
    assert "焊工" in bureau.get("/desk/review-requests").get_data(as_text=True)
    assert "我其实已经办了失业登记" in bureau.get(f"/desk/review-requests/{row.id}").get_data(as_text=True)
    assert bureau.post(f"/desk/review-requests/{row.id}", data={"answer": ""}).status_code == 422
    assert bureau.post(f"/desk/review-requests/{row.id}", data={"answer": "已核实，请重新报名"}).status_code == 303
    assert bureau.post(f"/desk/review-requests/{row.id}", data={"answer": "再答一次"}).status_code == 422
    run_jobs()
    assert "已核实，请重新报名" in client.get("/me").get_data(as_text=True)
    assert client.get("/courses/999999/review-requests/new").status_code == 404


def test_a_review_may_be_asked_for_without_a_course_and_both_sides_read_so(
    bureau: Any, client: LintingClient, make: Make, login: Login, run_jobs: Any
) -> None:
    login(client, make.learner())
    empty = client.post("/review-requests/new", data={"region_id": "", "message": "我能学什么？"})
    assert empty.status_code == 422
    assert "我能学什么？" in empty.get_data(as_text=True)
    data = {"region_id": make.region().id, "message": "我能学什么？"}
    assert client.post("/review-requests/new", data=data).status_code == 303
    assert make.session.scalars(sa.select(ReviewRequest)).one().course_id is None
    row = make.session.scalars(sa.select(ReviewRequest)).one()
    for page in (
        client.get("/me"),
        bureau.get("/desk/review-requests"),
        bureau.get(f"/desk/review-requests/{row.id}"),
    ):
        assert "没有指定课程" in page.get_data(as_text=True)
    assert bureau.post(f"/desk/review-requests/{row.id}", data={"answer": "来窗口看看"}).status_code == 303
    run_jobs()
    assert "来窗口看看" in client.get("/me").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/review-requests/new", "/courses/{course_id}/review-requests/new"])
def test_a_visitor_reads_why_they_sign_in_to_ask_for_a_review_and_comes_back(
    client: LintingClient, make: Make, path: str
) -> None:
    path = path.format(course_id=make.course().id)
    page = client.get(path).get_data(as_text=True)
    assert "人社局要知道答复给谁" in page
    assert f"/sign-up?next={path}" in page
    assert f"/sign-in?next={path}" in page
    assert client.post(path, data={"message": "x"}).location.startswith("/sign-in")
    assert not make.session.scalars(sa.select(ReviewRequest)).all()
    signed_up = client.post(
        f"/sign-up?next={path}",
        data={"display_name": "示例", "login": "fuhe-ren", "password": "sheng-nian-hua-kai-88"},
    )
    assert signed_up.location == path


def test_a_learner_who_moves_is_handed_to_the_new_countys_bureau(
    app: Flask, client: LintingClient, make: Make, login: Login, enroll: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner)
    known = make.session.get_one(LearnerProfile, learner.id)
    login(client, learner)
    moved = {
        "name": known.name,
        "id_number": known.id_number,
        "phone": "13911112222",
        "region_id": make.region("130102").id,
    }
    assert client.post("/me/profile", data=moved).status_code == 303
    assert make.again(enrollment).phone == "13911112222"
    elsewhere = make.bureau("130102")
    desk: Any = app.test_client()
    login(desk, make.member(elsewhere), elsewhere)
    assert verify(desk, proof_of(make, learner.id), "REG_UNEMPLOYED").status_code == 303
    assert make.again(enrollment).papers is PapersState.VERIFIED
    renamed = client.post("/me/profile", data={**moved, "name": "改名"})
    assert renamed.status_code == 422
    assert "窗口更正" in renamed.get_data(as_text=True)


def test_my_data_shows_what_is_held_and_answers_can_be_forgotten(
    client: LintingClient, make: Make, login: Login, enroll: Any, look: Any
) -> None:
    learner = make.learner(name="李示例")
    enroll(make.run(), learner)
    login(client, learner)
    page = client.get("/me/data").get_data(as_text=True)
    for text in ("李示例", "城镇登记失业人员", "R2_EMP_SHORT", "已经办了失业登记"):
        assert text in page
    assert client.post("/me/data/forget-answers").status_code == 303
    assert look("select facts from learner_profiles")[0][0] is None


class TestRules:
    def test_papers_follow_the_proofs(self) -> None:
        on = today()
        verified = Claim(frozenset({"A"}), ProofState.VERIFIED, on)
        expired = Claim(frozenset({"A"}), ProofState.VERIFIED, on - timedelta(days=1))
        pending = Claim(frozenset({"A"}), ProofState.PENDING)
        returned = Claim(frozenset({"A"}), ProofState.RETURNED)
        table: list[tuple[list[Claim], PapersState]] = [
            ([], PapersState.PENDING),
            ([verified], PapersState.VERIFIED),
            ([expired], PapersState.PENDING),
            ([pending], PapersState.PENDING),
            ([returned], PapersState.RETURNED),
            ([returned, pending], PapersState.PENDING),
            ([returned, verified], PapersState.VERIFIED),
            ([Claim(frozenset({"B"}), ProofState.VERIFIED)], PapersState.PENDING),
        ]
        for claims, expected in table:
            assert evaluate_papers(needed=True, groups={"A"}, claims=claims, on=on) is expected
        assert evaluate_papers(needed=False, groups=(), claims=[verified], on=on) is PapersState.NOT_NEEDED
        assert is_claim_missing(groups={"A"}, claims=[returned, expired], on=on)
        assert not is_claim_missing(groups={"A"}, claims=[pending], on=on)


def test_claims_of_different_people_differ_only_behind_the_wall(make: Make, enroll: Any) -> None:
    """Two people of different groups leave the same row for the institution."""
    run = make.run()
    one = enroll(run, make.learner(), UNEMPLOYED)
    two = enroll(run, make.learner(), VETERAN)
    public = [
        column.name
        for column in Enrollment.__table__.columns
        if column.name
        not in {"id", "learner_id", "learner_name", "id_number_masked", "phone", "created_at", "updated_at"}
    ]
    assert [getattr(one, name) for name in public] == [getattr(two, name) for name in public]
