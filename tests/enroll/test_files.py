"""Papers as photos and documents: handed in, seen by two, kept from everybody else, gone when they should be."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs, storage
from app.clock import now
from app.enroll.models import LearnerProfile, Proof, ProofFile, ProofState
from app.enroll.services.files import MOST_FILES
from app.tenants.models import Tenant, User
from app.uploads import MOST_BYTES
from tests.factories import Make
from tests.support import papers
from tests.support.pages import LintingClient

Login = Callable[..., None]


@pytest.fixture
def learner(make: Make, client: LintingClient, login: Login, enroll: Any) -> User:
    """A learner with an application whose papers wait; signed in with `client`."""
    learner = make.learner()
    enroll(make.run(), learner)
    login(client, learner)
    return learner


@pytest.fixture
def proof(make: Make, learner: User) -> Proof:
    return make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one()


def hand_in(client: Any, proof: Proof, *contents: bytes, name: str = "证明.jpg") -> Any:
    data = {"files": [(io.BytesIO(content), name) for content in contents]}
    response = client.post(f"/me/proofs/{proof.id}/files", data=data, content_type="multipart/form-data")
    response.request.environ["wsgi.input"].close()  # the test client leaves its own large bodies open
    return response


def test_uploads_are_limited_by_account_and_not_by_the_address_many_share(
    app: Flask, client: LintingClient, make: Make, login: Login, enroll: Any, proof: Proof
) -> None:
    for _each in range(60):
        assert hand_in(client, proof).status_code == 422  # an empty form counts too
    assert hand_in(client, proof).status_code == 429
    other, elsewhere = make.learner(), app.test_client()
    enroll(make.run(), other)
    login(elsewhere, other)
    theirs = make.session.scalars(sa.select(Proof).where(Proof.learner_id == other.id)).one()
    assert hand_in(elsewhere, theirs).status_code == 422
    again = app.test_client()
    login(again, make.session.get_one(User, proof.learner_id))
    assert hand_in(again, proof).status_code == 429


def files_of(make: Make) -> list[ProofFile]:
    make.session.expire_all()
    return list(make.session.scalars(sa.select(ProofFile).order_by(ProofFile.id)))


def on_disk(app: Flask) -> set[Path]:
    return {path for path in (Path(app.config["SETTINGS"].data_dir) / "proofs").glob("??/*") if path.is_file()}


def test_a_photo_and_a_document_are_handed_in_and_lie_encrypted(
    app: Flask, client: LintingClient, make: Make, proof: Proof
) -> None:
    before = on_disk(app)
    document = papers.pdf()
    assert hand_in(client, proof, papers.photo(), document).status_code == 303
    photo, pdf = files_of(make)
    assert (photo.kind.value, pdf.kind.value, pdf.size) == ("photo", "pdf", len(document))
    new = on_disk(app) - before
    assert {path.name for path in new} == {photo.name, pdf.name}
    for path in new:
        content = path.read_bytes()
        assert b"%PDF" not in content
        assert b"JFIF" not in content
    assert storage.get(pdf.name) == document
    page = client.get(f"/me/proofs/{proof.id}").get_data(as_text=True)
    assert "照片 1" in page
    assert "PDF 2" in page
    assert "已交 2 个文件" in client.get("/me").get_data(as_text=True)


def test_a_photo_from_the_camera_field_counts_too(client: LintingClient, make: Make, proof: Proof) -> None:
    data = {"photo": (io.BytesIO(papers.photo()), "image.jpg"), "files": (io.BytesIO(b""), "")}
    done = client.post(f"/me/proofs/{proof.id}/files", data=data, content_type="multipart/form-data")
    assert done.status_code == 303
    assert len(files_of(make)) == 1


def test_the_page_offers_the_camera_and_only_what_is_taken(client: LintingClient, proof: Proof) -> None:
    page = client.get(f"/me/proofs/{proof.id}").get_data(as_text=True)
    assert 'capture="environment"' in page
    assert 'accept="image/jpeg,image/png,image/webp,application/pdf"' in page
    assert 'enctype="multipart/form-data"' in page


def test_it_is_served_as_a_download_that_nothing_keeps_or_runs(
    client: LintingClient, make: Make, proof: Proof
) -> None:
    hand_in(client, proof, papers.pdf(), name="../../<script>.pdf")
    (file,) = files_of(make)
    sent = client.get(f"/me/proofs/{proof.id}/files/{file.id}")
    assert sent.get_data() == papers.pdf()
    assert sent.headers["Content-Disposition"] == f'attachment; filename="{proof.id}-{file.id}.pdf"'
    assert sent.headers["Content-Type"] == "application/pdf"
    assert sent.headers["Cache-Control"] == "no-store"
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert any("sandbox" in value for value in sent.headers.getlist("Content-Security-Policy"))


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        ((), "请先选择照片或 PDF"),
        ((b"<svg onload=alert(1)>",), "不是其中任何一种"),
        ((b"<!doctype html><script>",), "不是其中任何一种"),
        ((papers.photo()[:800],), "可能没有传完整"),
        ((papers.bomb(),), "尺寸太大"),
        ((papers.pdf(password="x"),), "密码保护"),
        ((b"\xff\xd8\xff" + b"0" * MOST_BYTES,), "每个文件最多 8 MB"),
        (tuple(papers.photo((100, 100 + n)) for n in range(MOST_FILES + 1)), "最多 5 个文件"),
    ],
    ids=["none", "svg", "html-as-jpg", "cut", "bomb", "password", "heavy", "six"],
)
def test_what_cannot_be_taken_is_refused_beside_the_field_and_nothing_is_kept(
    client: LintingClient, make: Make, proof: Proof, contents: tuple[bytes, ...], says: str
) -> None:
    refused = hand_in(client, proof, *contents)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert says in page
    assert 'id="files-error"' in page
    assert files_of(make) == []


def test_one_bad_file_among_good_ones_is_named_and_none_is_kept(
    client: LintingClient, make: Make, proof: Proof
) -> None:
    refused = hand_in(client, proof, papers.photo(), b"<html>", name="工作证.jpg")
    assert refused.status_code == 422
    assert "「工作证.jpg」没有收" in refused.get_data(as_text=True)
    assert files_of(make) == []


def test_a_request_that_is_far_too_large_is_answered_with_the_page_and_a_message(
    client: LintingClient, make: Make, proof: Proof
) -> None:
    refused = hand_in(client, proof, *[b"\xff\xd8\xff" + b"0" * (MOST_BYTES + 300_000)] * 5)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert "一次上传的文件太大了" in page
    assert 'id="files-error"' in page
    assert files_of(make) == []
    assert hand_in(client, proof, papers.photo()).status_code == 303


def test_other_pages_take_no_large_form(client: LintingClient, learner: User) -> None:
    answer = client.post("/me/profile", data={"name": "x" * (9 * 1024 * 1024)}, lint_page=False)
    assert answer.status_code == 413


def test_the_same_photo_twice_is_kept_once(client: LintingClient, make: Make, proof: Proof) -> None:
    hand_in(client, proof, papers.photo())
    again = hand_in(client, proof, papers.photo(), papers.photo())
    assert again.status_code == 303
    assert len(files_of(make)) == 1


def test_nobody_else_gets_a_file_by_any_address(
    app: Flask, client: LintingClient, make: Make, login: Login, proof: Proof
) -> None:
    hand_in(client, proof, papers.photo())
    (file,) = files_of(make)
    institution = make.session.execute(sa.text("select tenant_id from enrollments")).scalar_one()
    strangers: list[tuple[User, Any]] = [(make.learner(), None)]
    for tenant in (
        make.session.get_one(Tenant, institution),
        make.bureau("130102"),
        make.enterprise(),
    ):
        strangers.append((make.member(tenant), tenant))
    addresses = [
        f"/me/proofs/{proof.id}",
        f"/me/proofs/{proof.id}/files/{file.id}",
        f"/desk/proofs/{proof.id}",
        f"/desk/proofs/{proof.id}/files/{file.id}",
        f"/desk/proofs/{proof.id}/files/{file.id}/page",
    ]
    for user, tenant in strangers:
        stranger: Any = app.test_client()
        login(stranger, user, tenant)
        assert {address: stranger.get(address).status_code for address in addresses} == dict.fromkeys(
            addresses, 404
        )
        assert hand_in(stranger, proof, papers.photo((90, 90))).status_code == 404
        assert stranger.post(f"/me/proofs/{proof.id}/files/{file.id}/removal").status_code == 404
        assert stranger.post(f"/me/proofs/{proof.id}/removal").status_code == 404
    visitor: Any = app.test_client()
    assert visitor.get(addresses[1]).status_code == 302
    assert [each.id for each in files_of(make)] == [file.id]


def test_a_file_is_found_under_its_own_proof_only(
    client: LintingClient, make: Make, login: Login, proof: Proof, learner: User
) -> None:
    hand_in(client, proof, papers.photo())
    (file,) = files_of(make)
    other = make.add(Proof(learner_id=learner.id, region_id=proof.region_id, claim="VETERAN", reason_codes=[]))
    assert client.get(f"/me/proofs/{other.id}/files/{file.id}").status_code == 404


def test_the_bureau_looks_at_it_and_every_look_is_recorded(
    client: LintingClient, bureau: Any, make: Make, proof: Proof, look: Any
) -> None:
    hand_in(client, proof, papers.photo(), papers.pdf())
    photo, document = files_of(make)
    page = bureau.get(f"/desk/proofs/{proof.id}").get_data(as_text=True)
    assert "照片 1" in page
    viewer = bureau.get(f"/desk/proofs/{proof.id}/files/{photo.id}/page").get_data(as_text=True)
    assert f'src="/desk/proofs/{proof.id}/files/{photo.id}"' in viewer
    assert look("select 1 from audit_entries where tag = 'proof.file_opened'") == []
    assert bureau.get(f"/desk/proofs/{proof.id}/files/{photo.id}").get_data()[:3] == b"\xff\xd8\xff"
    assert bureau.get(f"/desk/proofs/{proof.id}/files/{document.id}").get_data() == papers.pdf()
    assert len(look("select 1 from audit_entries where tag = 'proof.file_opened'")) == 2
    assert "下载 PDF" in bureau.get(f"/desk/proofs/{proof.id}/files/{document.id}/page").get_data(as_text=True)


def test_papers_changed_under_the_bureaus_eyes_are_not_verified_unseen(
    client: LintingClient, bureau: Any, make: Make, proof: Proof
) -> None:
    hand_in(client, proof, papers.photo())
    (file,) = files_of(make)
    decision = {"groups": ["REG_UNEMPLOYED"], "valid_until": ""}
    assert f'value="{file.id}"' in bureau.get(f"/desk/proofs/{proof.id}").get_data(as_text=True)
    hand_in(client, proof, papers.pdf())
    refused = bureau.post(f"/desk/proofs/{proof.id}/verify", data={**decision, "seen": str(file.id)})
    assert refused.status_code == 422
    assert "刚刚改过文件" in refused.get_data(as_text=True)
    seen = ",".join(str(each.id) for each in files_of(make))
    assert bureau.post(f"/desk/proofs/{proof.id}/verify", data={**decision, "seen": seen}).status_code == 303
    assert make.again(proof).state is ProofState.VERIFIED


def test_what_the_bureau_has_verified_stays_as_it_is(
    client: LintingClient, bureau: Any, make: Make, proof: Proof
) -> None:
    hand_in(client, proof, papers.photo())
    (file,) = files_of(make)
    data = {"groups": ["REG_UNEMPLOYED"], "valid_until": "", "seen": str(file.id)}
    bureau.post(f"/desk/proofs/{proof.id}/verify", data=data)
    assert hand_in(client, proof, papers.pdf()).status_code == 422
    client.post(f"/me/proofs/{proof.id}/files/{file.id}/removal")
    client.post(f"/me/proofs/{proof.id}/removal")
    assert [each.id for each in files_of(make)] == [file.id]
    assert client.get(f"/me/proofs/{proof.id}/files/{file.id}").status_code == 200


def test_a_file_taken_back_is_gone_from_the_disk(
    app: Flask, client: LintingClient, make: Make, proof: Proof, run_jobs: Any
) -> None:
    before = on_disk(app)
    hand_in(client, proof, papers.photo(), papers.pdf())
    photo, document = files_of(make)
    assert client.post(f"/me/proofs/{proof.id}/files/{photo.id}/removal").status_code == 303
    run_jobs()
    assert [file.id for file in files_of(make)] == [document.id]
    assert {path.name for path in on_disk(app) - before} == {document.name}


def test_papers_returned_keep_their_files_when_submitted_again_and_go_with_them(
    app: Flask, client: LintingClient, bureau: Any, make: Make, proof: Proof, run_jobs: Any
) -> None:
    before = on_disk(app)
    hand_in(client, proof, papers.photo())
    bureau.post(f"/desk/proofs/{proof.id}/return", data={"reason_codes": ["unreadable"], "note": ""})
    done = client.post(f"/me/proofs/{proof.id}/submissions")
    new_id = int(done.headers["Location"].rpartition("/")[2])
    (file,) = files_of(make)
    assert file.proof_id == new_id != proof.id
    needed = client.post(f"/me/proofs/{new_id}/removal", follow_redirects=True)
    assert "还有报名在等这份材料" in needed.get_data(as_text=True)
    (enrollment_id,) = make.session.execute(sa.text("select id from enrollments")).scalars()
    client.post(f"/me/enrollments/{enrollment_id}/withdraw")
    assert client.post(f"/me/proofs/{new_id}/removal").status_code == 303
    run_jobs()
    assert files_of(make) == []
    assert on_disk(app) == before


def test_a_learner_who_moves_takes_the_files_to_the_new_county(
    app: Flask, client: LintingClient, bureau: Any, make: Make, login: Login, proof: Proof, learner: User
) -> None:
    hand_in(client, proof, papers.photo())
    (file,) = files_of(make)
    profile = make.session.get_one(LearnerProfile, learner.id)
    moved = {
        "name": profile.name,
        "id_number": profile.id_number,
        "phone": profile.phone,
        "region_id": make.region("130102").id,
    }
    assert client.post("/me/profile", data=moved).status_code == 303
    elsewhere = make.bureau("130102")
    desk: Any = app.test_client()
    login(desk, make.member(elsewhere), elsewhere)
    assert desk.get(f"/desk/proofs/{proof.id}/files/{file.id}").status_code == 200
    assert bureau.get(f"/desk/proofs/{proof.id}/files/{file.id}").status_code == 404


def test_a_lost_or_altered_file_is_not_there_and_no_crash(
    app: Flask, client: LintingClient, make: Make, proof: Proof
) -> None:
    hand_in(client, proof, papers.photo())
    (file,) = files_of(make)
    (path,) = (path for path in on_disk(app) if path.name == file.name)
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    assert client.get(f"/me/proofs/{proof.id}/files/{file.id}").status_code == 404
    path.unlink()
    assert client.get(f"/me/proofs/{proof.id}/files/{file.id}").status_code == 404


def test_at_night_files_nobody_names_are_swept_away(
    app: Flask, client: LintingClient, make: Make, proof: Proof, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(client, proof, papers.photo())
    (kept,) = files_of(make)
    orphan = storage.put(b"left behind by a request that was rolled back")
    jobs.queue.tasks["enroll.night"].func(timestamp=0)
    run_jobs()
    assert storage.get(orphan), "a young one may belong to a request that is still running"
    monkeypatch.setattr("app.clock.now", lambda: now() + timedelta(days=2))
    jobs.queue.tasks["enroll.night"].func(timestamp=0)
    run_jobs()
    with pytest.raises(FileNotFoundError):
        storage.get(orphan)
    assert storage.get(kept.name)
