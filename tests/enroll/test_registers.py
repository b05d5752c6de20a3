"""State registers: read line by line, kept without a number, matched by number and name, replaced, run out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import today
from app.enroll import registers
from app.enroll.models import (
    ImportState,
    PapersState,
    RegisterImport,
    RegisterKind,
)
from app.enroll.registers import REGISTERS, FileSource, Record, is_same_name
from app.sheets import RowError
from app.tenants.models import Role
from tests.enroll.registers import PERSON, bring_in, confirm, number, person, send
from tests.factories import Make
from tests.support.papers import sheet

Login = Callable[..., None]

# --- Reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "gbk", "xlsx"])
def test_a_register_is_read_in_what_offices_send_and_keeps_only_what_it_needs(kind: str) -> None:
    content = sheet(
        ("序号", "姓名", "公民身份号码", "联系电话", "累计缴费月数", "有效期至"),
        [(1, "张示例", number(1), "13800000000", 36, "2030-01-31"), (2, "李示例", number(2), "", "12个月", "")],
        kind=kind,
    )
    insurance = REGISTERS[RegisterKind.INSURANCE]
    assert list(FileSource(content).records(insurance, date(2026, 11, 23))) == [
        Record(number(1), "张示例", {"months": 36}, date(2030, 1, 31)),
        Record(number(2), "李示例", {"months": 12}, None),
    ]


@pytest.mark.parametrize(
    ("register", "row", "code"),
    [
        (RegisterKind.VETERANS, ("130108198505050010", "张示例"), "row_number_wrong"),
        (RegisterKind.VETERANS, ("1.30108E+17", "张示例"), "row_number_wrong"),
        (RegisterKind.VETERANS, ("", "张示例"), "row_number_wrong"),
        (RegisterKind.VETERANS, (number(1), ""), "row_name_missing"),
        (RegisterKind.VETERANS, (number(1), "张" * 61), "row_name_missing"),
        (RegisterKind.INSURANCE, (number(1), "张示例", "三十六"), "row_months_unreadable"),
        (RegisterKind.INSURANCE, (number(1), "张示例", "-3"), "row_months_unreadable"),
        (RegisterKind.INSURANCE, (number(1), "张示例", "9999"), "row_months_unreadable"),
        (RegisterKind.ENROLMENT, (number(1), "张示例", "明年"), "row_date_unreadable"),
        (RegisterKind.ENROLMENT, (number(1), "张示例", "2027-02-30"), "row_date_unreadable"),
        (RegisterKind.DISABILITY, (number(1), "张示例", "2020-01-01"), "row_run_out"),
    ],
)
def test_a_line_that_cannot_be_taken_says_why_and_names_nobody(
    register: RegisterKind, row: tuple[str, ...], code: str
) -> None:
    extra = {RegisterKind.INSURANCE: "月数", RegisterKind.ENROLMENT: "毕业日期", RegisterKind.DISABILITY: "有效期"}
    header = (*PERSON, extra[register]) if register in extra else PERSON
    good = (number(7), "王示例", {"月数": "5", "毕业日期": "20270630"}.get(header[-1], ""))[: len(header)]
    found = list(FileSource(sheet(header, [row, good])).records(REGISTERS[register], today()))
    assert found[0] == RowError(2, code)
    assert isinstance(found[1], Record)


def test_a_person_twice_is_taken_once() -> None:
    content = sheet(PERSON, [(number(1), "张示例"), (number(2), "李示例"), (number(1).lower(), "张示例")])
    found = list(FileSource(content).records(REGISTERS[RegisterKind.VETERANS], today()))
    assert [type(each) for each in found] == [Record, Record, RowError]
    assert found[2] == RowError(4, "row_duplicate", {"first": 2})


@pytest.mark.parametrize(
    ("day", "certified"),
    [
        (date(2026, 6, 30), False),
        (date(2026, 7, 1), True),
        (date(2027, 6, 30), True),
        (date(2027, 7, 1), False),
    ],
)
def test_a_student_is_in_the_graduation_year_from_july_to_june_and_graduates_on_a_day(
    day: date, certified: bool
) -> None:
    enrolment = REGISTERS[RegisterKind.ENROLMENT]
    found = enrolment.certify(enrolment.read({"graduates_on": "2027/6/20"}), day)
    assert bool(found.papers) is certified
    assert found.facts == {"graduates_on": "2027-06-20"}


@pytest.mark.parametrize("header", [PERSON, (*PERSON, "毕业日期")])
def test_a_list_of_students_without_the_day_certifies_that_they_are_enrolled_and_no_day(
    header: tuple[str, ...],
) -> None:
    enrolment = REGISTERS[RegisterKind.ENROLMENT]
    content = sheet(header, [(number(1), "张示例", "")[: len(header)]])
    (record,) = FileSource(content).records(enrolment, today())
    assert isinstance(record, Record)
    found = enrolment.certify(record.fields, today())
    assert (found.papers, found.facts) == (frozenset({"STUDENT_RECORD"}), {})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("张三", "张 三", True),
        ("阿卜杜·买买提", "阿卜杜•买买提", True),
        ("ANNA Li", "anna li", True),
        ("张三", "张三丰", False),
        ("", "张三", False),
    ],
)
def test_names_are_compared_by_their_letters(one: str, other: str, same: bool) -> None:
    assert is_same_name(one, other) is same


# --- Bringing in --------------------------------------------------------------------------------------------


def test_a_list_is_previewed_in_numbers_and_certifies_nothing_until_it_is_confirmed(
    bureau: Any, make: Make, enroll: Any, look: Any
) -> None:
    learner = make.learner(name="张示例")
    enrollment = enroll(make.run(), learner, None)
    other = make.learner(name="李示例")
    rows = [person(make, learner), (person(make, other)[0], "另有其人"), (number(9), "王示例"), ("13", "坏行")]
    sent = send(bureau, "unemployment", sheet(PERSON, rows))
    assert sent.status_code == 303
    page = bureau.get(sent.headers["Location"]).get_data(as_text=True)
    for text in ("3 人", "1 行", "1 人（号码和姓名都一致）", "第 5 行：证件号码不对", "1 人，不算对上"):
        assert text in page
    for secret in ("张示例", "李示例", "王示例", person(make, learner)[0], number(9), "坏行"):
        assert secret not in page
    assert make.again(enrollment).papers is PapersState.PENDING
    assert look("select 1 from register_rows where learner_id is not null") == []
    confirm(bureau, sent)
    owners = [row.learner_id for row in look("select learner_id from register_rows order by id")]
    assert owners == [learner.id, None, None]


def test_no_number_and_no_name_lies_readable_in_the_database(bureau: Any, make: Make, look: Any) -> None:
    bring_in(bureau, "insurance", (number(3), "张示例", 24), header=(*PERSON, "月数"))
    (row,) = look("select id_number_index, record from register_rows")
    dump = "".join(str(each) for each in look("select t::text from register_rows t, register_imports"))
    dump += "".join(
        str(each)
        for each in look("select t::text from audit_entries t union select args::text from procrastinate_jobs")
    )
    assert number(3) not in dump
    assert "张示例" not in dump
    assert number(3).encode() not in bytes(row.record) + bytes(row.id_number_index)
    assert "张示例".encode() not in bytes(row.record)
    assert len(bytes(row.id_number_index)) == 32


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "文件里没有内容"),
        (b"\x00\x01\x02\xff", "读不懂这个文件"),
        (b"PK\x03\x04 not a workbook", "读不懂这个文件"),
        (sheet(("姓名", "电话"), [("张", "1")]), "缺少这些列：证件号码"),
        (sheet(PERSON, [("123", "张示例")]), "没有一行能导入"),
    ],
)
def test_a_file_that_is_no_register_is_refused_in_words(bureau: Any, content: bytes, says: str) -> None:
    refused = send(bureau, "veterans", content)
    assert refused.status_code == 422
    assert says in refused.get_data(as_text=True)


def test_a_file_beyond_the_limit_is_refused_on_the_page(bureau: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "MOST_BYTES", 10)
    refused = send(bureau, "veterans", sheet(PERSON, [(number(1), "张示例")]))
    assert refused.status_code == 422
    assert "文件太大" in refused.get_data(as_text=True)


@pytest.mark.parametrize(
    ("as_of", "valid_until", "says"),
    [(1, "", "不能晚于今天"), (-400, "", "有效期至少"), (0, "2020-01-01", "有效期至少")],
)
def test_data_of_tomorrow_or_of_long_ago_is_refused(bureau: Any, as_of: int, valid_until: str, says: str) -> None:
    content = sheet(PERSON, [(number(1), "张示例")])
    day = today() + timedelta(days=as_of)
    refused = send(bureau, "unemployment", content, as_of=day, valid_until=valid_until)
    assert refused.status_code == 422
    assert says in refused.get_data(as_text=True)


def test_a_newer_import_replaces_the_former_whose_lines_are_deleted(bureau: Any, make: Make, look: Any) -> None:
    bring_in(bureau, "veterans", (number(1), "张示例"), (number(2), "李示例"))
    bring_in(bureau, "veterans", (number(3), "王示例"))
    bring_in(bureau, "disability", (number(4), "赵示例"))
    states = look("select register, state, rows from register_imports order by id")
    assert [tuple(row) for row in states] == [
        ("veterans", "ended", 2),
        ("veterans", "in_force", 1),
        ("disability", "in_force", 1),
    ]
    assert len(look("select 1 from register_rows")) == 2
    tags = [row.tag for row in look("select tag from audit_entries where tag like 'register.%' order by id")]
    assert tags.count("register.imported") == tags.count("register.confirmed") == 3
    assert tags.count("register.ended") == 1
    older = send(bureau, "veterans", sheet(PERSON, [(number(5), "孙示例")]), as_of=today() - timedelta(days=3))
    refused = bureau.post(f"{older.headers['Location']}/confirm", follow_redirects=True)
    assert "不能用旧的替换" in refused.get_data(as_text=True)


def test_an_import_is_decided_once(bureau: Any, look: Any) -> None:
    sent = send(bureau, "veterans", sheet(PERSON, [(number(1), "张示例")]))
    url = sent.headers["Location"]
    assert bureau.post(f"{url}/end").status_code == 303
    for verb in ("confirm", "end"):
        again = bureau.post(f"{url}/{verb}", follow_redirects=True)
        assert "已经处理过" in again.get_data(as_text=True)
    assert look("select 1 from register_rows") == []


def test_the_desk_shows_numbers_only_and_to_this_bureau_only(
    app: Flask, bureau: Any, make: Make, login: Login
) -> None:
    learner = make.learner(name="张示例")
    bring_in(bureau, "veterans", person(make, learner), (number(2), "李示例"))
    page = bureau.get("/desk/registers").get_data(as_text=True)
    assert "退役军人" in page
    assert "/desk/register-imports/" in page
    for secret in ("张示例", "李示例", number(2)):
        assert secret not in page
    (import_id,) = make.session.scalars(sa.select(RegisterImport.id)).all()
    elsewhere = make.bureau("130102")
    stranger: Any = app.test_client()
    login(stranger, make.member(elsewhere), elsewhere)
    assert stranger.get(f"/desk/register-imports/{import_id}").status_code == 404
    assert stranger.post(f"/desk/register-imports/{import_id}/end").status_code == 404
    assert "/desk/register-imports/" not in stranger.get("/desk/registers").get_data(as_text=True)
    here, auditor = make.bureau(), app.test_client()
    login(auditor, make.member(here, Role.AUDITOR), here)
    assert auditor.get("/desk/registers").status_code == 404
    assert make.again(make.session.get_one(RegisterImport, import_id)).state is ImportState.IN_FORCE
