"""Papers by photo: handed in on a phone or a desktop, with script or without, seen and verified by the bureau."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from app.enroll.models import Proof
from app.tenants.models import User
from tests.browser.conftest import Newcomer
from tests.factories import Make
from tests.support import papers
from tests.support.browser import DESKTOP, PHONE, Device


@pytest.fixture
def proof(make: Make) -> Proof:
    """A claim that waits for its papers."""
    learner = make.learner()
    return make.add(
        Proof(learner_id=learner.id, region_id=make.region().id, claim="REG_UNEMPLOYED", reason_codes=[])
    )


def file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_papers_are_handed_in_looked_at_and_verified(
    somebody: Newcomer, make: Make, device: Device, proof: Proof
) -> None:
    person = somebody(device, make.session.get_one(User, proof.learner_id))
    page = person.go("/me")
    person.follow("上传材料", exact=False)
    expect(page.get_by_label("用手机拍一张")).to_be_visible(visible=device.is_phone)
    page.get_by_label("从手机或电脑里选").set_input_files(
        [file("证.jpg", papers.photo((1600, 1200))), file("证明.pdf", papers.pdf())]
    )
    person.press("上传")
    expect(page.locator("main")).to_contain_text("已收到 2 个文件")
    thumbnail = page.locator("img.file-thumb")
    thumbnail.scroll_into_view_if_needed()
    expect(thumbnail).to_have_js_property("naturalWidth", 1600)

    page.get_by_label("从手机或电脑里选").set_input_files([file("证.jpg", b"<svg onload=alert(1)>")])
    person.press("上传")
    expect(page.locator("#files-error")).to_contain_text("不是其中任何一种")

    bureau = make.bureau()
    officer = somebody(DESKTOP, make.member(bureau), bureau)
    desk = officer.go(f"/desk/proofs/{proof.id}")
    officer.follow("照片 1")
    expect(desk.locator(".file-view img")).to_have_js_property("naturalWidth", 1600)
    officer.follow("看完了，回去核验")
    desk.get_by_label("城镇登记失业人员").check()
    officer.press("核验通过")
    expect(desk.locator("main")).to_contain_text("已核验")
    page.goto(f"{person.site.address}/me/proofs/{proof.id}")
    expect(page.locator("main")).to_contain_text("已核验")
    expect(page.get_by_role("button", name="上传")).to_have_count(0)


def test_far_too_much_at_once_is_answered_with_a_message_and_not_a_broken_line(
    somebody: Newcomer, make: Make, proof: Proof, tmp_path: Path
) -> None:
    person = somebody(PHONE, make.session.get_one(User, proof.learner_id))
    page = person.go(f"/me/proofs/{proof.id}")
    heavy = [tmp_path / f"{number}.jpg" for number in range(5)]
    for path in heavy:
        path.write_bytes(b"\xff\xd8\xff" + b"0" * 9_200_000)
    page.get_by_label("从手机或电脑里选").set_input_files(heavy)
    person.press("上传")
    expect(page.locator("#files-error")).to_contain_text("一次上传的文件太大了")
