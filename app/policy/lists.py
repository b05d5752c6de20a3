"""Reads a shortage list (急需紧缺职业目录) from a CSV or Excel file; every bad row gets its error."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from python_calamine import CalamineError, load_workbook

MOST_BYTES = 2_000_000
MOST_UNPACKED_BYTES = 50_000_000
MOST_ROWS = 5_000

_COLUMNS = {
    "code": ("code", "编码", "职业编码", "职业代码"),
    "name": ("name", "名称", "职业名称", "职业"),
    "variant": ("variant", "工种", "工种名称"),
}
# The dashes a code may be typed with: hyphens and dashes U+2010–U+2015, the minus sign, the full-width hyphen.
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFF0D], "-")


class ListFileError(ValueError):
    """A file that cannot be read as a list at all.

    `code` is list_too_large, list_unreadable, list_empty, list_too_long or list_columns_missing; `params` fill its
    text.
    """

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class ListRow:
    """One trade of a list; `line` counts from 1 with the header, `variant` is empty for the whole occupation."""

    line: int
    code: str
    name: str
    variant: str = ""


@dataclass(frozen=True)
class RowError:
    """Why a row was not taken: row_code_empty, row_code_unknown, row_name_differs or row_duplicate."""

    line: int
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class ShortageListImport:
    """The good rows in file order and the errors of the others."""

    rows: tuple[ListRow, ...]
    errors: tuple[RowError, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every row was taken."""
        return not self.errors


def read_shortage_list(content: bytes, trades: Mapping[str, str]) -> ShortageListImport:
    """Read a list; `trades` maps the known codes to their Chinese names.

    CSV in UTF-8 (with or without BOM) or GBK, or xlsx/xls (first sheet). Columns in any order: 编码/code,
    名称/name (cells may be empty) and, if present, 工种/variant. A name that is not the trade's own is an error,
    for codes change their meaning between editions of the classification. Raises ListFileError.
    """
    table = [[_clean(cell) for cell in row] for row in _table(content)]
    start = next((i for i, row in enumerate(table) if any(row)), None)
    if start is None:
        raise ListFileError("list_empty")
    columns = _columns(table[start])
    rows: list[ListRow] = []
    errors: list[RowError] = []
    lines: dict[tuple[str, str], int] = {}
    for line, cells in enumerate(table[start + 1 :], start=start + 2):
        if not any(cells):
            continue
        row = ListRow(line, **{key: cells[i] if i < len(cells) else "" for key, i in columns.items()})
        row = ListRow(line, row.code.translate(_DASHES).replace(" ", ""), row.name, row.variant)
        error = _row_error(row, trades, lines)
        if error:
            errors.append(error)
        else:
            lines[row.code, row.variant] = line
            rows.append(ListRow(line, row.code, trades[row.code], row.variant))
    if not rows and not errors:
        raise ListFileError("list_empty")
    return ShortageListImport(tuple(rows), tuple(errors))


def _row_error(row: ListRow, trades: Mapping[str, str], lines: Mapping[tuple[str, str], int]) -> RowError | None:
    if not row.code:
        return RowError(row.line, "row_code_empty")
    if row.code not in trades:
        return RowError(row.line, "row_code_unknown", {"code": row.code})
    if row.name and row.name != _clean(trades[row.code]):
        return RowError(
            row.line, "row_name_differs", {"code": row.code, "name": row.name, "expected": trades[row.code]}
        )
    first = lines.get((row.code, row.variant))
    if first is not None:
        return RowError(row.line, "row_duplicate", {"code": row.code, "first": first})
    return None


def _columns(header: list[str]) -> dict[str, int]:
    found = {}
    for key, names in _COLUMNS.items():
        index = next((i for i, cell in enumerate(header) if cell.lower() in names), None)
        if index is not None:
            found[key] = index
    missing = [key for key in ("code", "name") if key not in found]
    if missing:
        raise ListFileError("list_columns_missing", columns="、".join(_COLUMNS[key][1] for key in missing))
    return found


def _table(content: bytes) -> list[list[object]]:
    if len(content) > MOST_BYTES:
        raise ListFileError("list_too_large", megabytes=MOST_BYTES // 1_000_000)
    is_excel = content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))
    table = _excel(content) if is_excel else _csv(content)
    if len(table) > MOST_ROWS:
        raise ListFileError("list_too_long", rows=MOST_ROWS)
    return table


def _excel(content: bytes) -> list[list[object]]:
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED_BYTES:
                    raise ListFileError("list_too_large", megabytes=MOST_BYTES // 1_000_000)
        with load_workbook(io.BytesIO(content)) as book:
            sheet = book.get_sheet_by_index(0)
            return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, zipfile.BadZipFile) as error:
        raise ListFileError("list_unreadable") from error


def _csv(content: bytes) -> list[list[object]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ListFileError("list_unreadable")
    if "\0" in text:
        raise ListFileError("list_unreadable")
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    try:
        rows: Iterable[list[str]] = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [list(row) for row in rows]
    except csv.Error as error:
        raise ListFileError("list_unreadable") from error


def _clean(cell: object) -> str:
    """Full-width letters and digits become plain ones; a value is text without spaces around it."""
    return "" if cell is None else unicodedata.normalize("NFKC", str(cell)).strip()
