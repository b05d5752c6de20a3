"""Reads a table that offices send by its column names: CSV in UTF-8 or GBK, or an Excel book's first sheet."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from python_calamine import CalamineError, load_workbook

MOST_BYTES = 2_000_000
MOST_UNPACKED_BYTES = 100_000_000
MOST_ROWS = 5_000
_EXACT_INTEGERS = 2**53


class SheetError(ValueError):
    """A file that cannot be read as a table at all.

    `code` is list_too_large, list_unreadable, list_empty, list_too_long or list_columns_missing; `params` fill its
    text.
    """

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class RowError:
    """Why a row was not taken: its line, a code, and what fills the code's text."""

    line: int
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A column we look for: `names` are the headings it may have, the first of them the one we speak of."""

    key: str
    names: tuple[str, ...]
    is_required: bool = True


@dataclass(frozen=True)
class Line:
    """One line with anything in it; `number` counts from 1 with the header, a missing cell is empty."""

    number: int
    cells: Mapping[str, str]


def read_sheet(
    content: bytes, columns: Sequence[Column], *, most_bytes: int = MOST_BYTES, most_rows: int = MOST_ROWS
) -> tuple[Line, ...]:
    """The lines of a table by their columns, which may stand in any order; others are left out.

    Raises SheetError for a file that is no such table.
    """
    if len(content) > most_bytes:
        raise SheetError("list_too_large", megabytes=most_bytes // 1_000_000)
    is_excel = content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))
    table = _excel(content, most_bytes) if is_excel else _csv(content)
    if len(table) > most_rows:
        raise SheetError("list_too_long", rows=most_rows)
    start = next((i for i, row in enumerate(table) if any(map(clean, row))), None)
    if start is None:
        raise SheetError("list_empty")
    places = _places([clean(cell) for cell in table[start]], columns)
    lines = tuple(
        Line(number, {key: clean(row[i]) if i < len(row) else "" for key, i in places.items()})
        for number, row in enumerate(table[start + 1 :], start=start + 2)
        if any(map(clean, row))
    )
    if not lines:
        raise SheetError("list_empty")
    return lines


def clean(cell: object) -> str:
    """A cell as text: full-width letters and digits become plain ones, no spaces around it.

    A whole number is written as one, unless the spreadsheet has already lost its last digits.
    """
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT_INTEGERS:
        cell = int(cell)
    if isinstance(cell, datetime):
        cell = cell.date()
    return unicodedata.normalize("NFKC", str(cell)).strip()


def _places(header: list[str], columns: Sequence[Column]) -> dict[str, int]:
    found = {}
    for column in columns:
        index = next((i for i, cell in enumerate(header) if cell.lower() in column.names), None)
        if index is not None:
            found[column.key] = index
    missing = [column.names[0] for column in columns if column.is_required and column.key not in found]
    if missing:
        raise SheetError("list_columns_missing", columns="、".join(missing))
    return found


def _excel(content: bytes, most_bytes: int) -> list[list[object]]:
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED_BYTES:
                    raise SheetError("list_too_large", megabytes=most_bytes // 1_000_000)
        with load_workbook(io.BytesIO(content)) as book:
            sheet = book.get_sheet_by_index(0)
            return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, zipfile.BadZipFile) as error:
        raise SheetError("list_unreadable") from error


def _csv(content: bytes) -> list[list[object]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise SheetError("list_unreadable")
    if "\0" in text:
        raise SheetError("list_unreadable")
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    try:
        rows: Iterable[list[str]] = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [list(row) for row in rows]
    except csv.Error as error:
        raise SheetError("list_unreadable") from error
