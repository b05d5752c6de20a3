"""A shortage list is read from what bureaus really send."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook

from app import sheets
from app.policy.lists import ListRow, read_shortage_list
from app.policy.texts import text
from app.sheets import SheetError

TRADES = {"6-18-02-04": "焊工", "6-18-01-01": "车工", "4-03-02-01": "中式烹调师"}
GOOD = "编码,名称,工种\n6-18-02-04,焊工,电焊工\n6-18-01-01,车工,\n"
ROWS = (ListRow(2, "6-18-02-04", "焊工", "电焊工"), ListRow(3, "6-18-01-01", "车工"))

FULL_WIDTH = "6-18-02-04".translate({ord(c): ord(c) + 0xFEE0 for c in "-0123456789"})


def excel(*rows: tuple[str | None, ...]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_is_read_in_every_encoding_offices_save(encoding: str, newline: str) -> None:
    found = read_shortage_list(GOOD.replace("\n", newline).encode(encoding), TRADES)
    assert found.rows == ROWS
    assert found.is_clean


def test_excel_is_read_with_its_columns_in_any_order() -> None:
    content = excel(("工种", "名称", "编码"), ("电焊工", "焊工", "6-18-02-04"), (None, "车工", "6-18-01-01"))
    assert read_shortage_list(content, TRADES).rows == ROWS


def test_english_headers_no_variant_column_and_empty_names_are_accepted() -> None:
    found = read_shortage_list(b"Code\tName\n4-03-02-01\t\n", TRADES)
    assert found.rows == (ListRow(2, "4-03-02-01", "中式烹调师"),)


@pytest.mark.parametrize("typed", [FULL_WIDTH, "6–18–02–04", " 6-18-02-04 ", "6 - 18 - 02 - 04"])
def test_a_code_typed_with_other_digits_dashes_or_spaces_is_understood(typed: str) -> None:
    found = read_shortage_list(f"编码,名称\n{typed},焊工\n".encode(), TRADES)
    assert [row.code for row in found.rows] == ["6-18-02-04"]


def test_every_bad_row_gets_its_own_error_and_good_rows_are_kept() -> None:
    content = (
        "\n编码,名称,工种\n6-18-02-04,焊工,\n,车工,\n9-99-99-99,飞行员,\n"
        "6-18-01-01,铣工,\n\n6-18-02-04,焊工,\n6-18-02-04,焊工,电焊工\n"
    )
    found = read_shortage_list(content.encode(), TRADES)
    assert [row.line for row in found.rows] == [3, 9]
    assert [(e.line, e.code) for e in found.errors] == [
        (4, "row_code_empty"),
        (5, "row_code_unknown"),
        (6, "row_name_differs"),
        (8, "row_duplicate"),
    ]
    assert [text(e.code, "zh", **e.params) for e in found.errors][3] == "与第3行重复"
    assert not found.is_clean


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "list_empty"),
        ("编码,名称\n".encode(), "list_empty"),
        (b"\n\n,,\n", "list_empty"),
        (b"PK\x03\x04 not a workbook", "list_unreadable"),
        (b"\xd0\xcf\x11\xe0 not a workbook", "list_unreadable"),
        (b"\xff\xff\xff\xff", "list_unreadable"),
        (b"\x89PNG\x00\x00", "list_unreadable"),
        ('编码,名称\n6-18-02-04,"焊工'.encode(), "list_unreadable"),
        ("序号,职业\n1,焊工\n".encode(), "list_columns_missing"),
        ("编码,名称\n".encode() + b"6-18-02-04,\n" * (sheets.MOST_ROWS + 1), "list_too_long"),
        (b"x" * (sheets.MOST_BYTES + 1), "list_too_large"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_advice(content: bytes, code: str) -> None:
    with pytest.raises(SheetError) as caught:
        read_shortage_list(content, TRADES)
    assert caught.value.code == code
    assert text(code, "en", **caught.value.params)


def test_a_workbook_that_unpacks_to_far_more_than_it_weighs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_UNPACKED_BYTES", 1_000)
    with pytest.raises(SheetError) as caught:
        read_shortage_list(excel(("编码", "名称"), ("6-18-02-04", "焊工")), TRADES)
    assert caught.value.code == "list_too_large"
