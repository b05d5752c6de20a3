"""Reads a shortage list (急需紧缺职业目录) from a CSV or Excel file; every bad row gets its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.sheets import Column, RowError, clean, read_sheet

_COLUMNS = (
    Column("code", ("编码", "code", "职业编码", "职业代码")),
    Column("name", ("名称", "name", "职业名称", "职业")),
    Column("variant", ("工种", "variant", "工种名称"), is_required=False),
)
# The dashes a code may be typed with: hyphens and dashes U+2010–U+2015, the minus sign, the full-width hyphen.
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFF0D], "-")


@dataclass(frozen=True)
class ListRow:
    """One trade of a list; `line` counts from 1 with the header, `variant` is empty for the whole occupation."""

    line: int
    code: str
    name: str
    variant: str = ""


@dataclass(frozen=True)
class ShortageListImport:
    """The good rows in file order and the errors of the others."""

    rows: tuple[ListRow, ...]
    errors: tuple[RowError, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every row was taken."""
        return not self.errors


def read_shortage_list(
    content: bytes, trades: Mapping[str, str], *, takes_names: bool = False
) -> ShortageListImport:
    """Read a list; `trades` maps the known codes to their Chinese names.

    Columns: 编码/code, 名称/name (cells may be empty) and, if present, 工种/variant. A name that is not that of
    the trade is an error, for codes change their meaning between editions of the classification; with
    `takes_names` it is what the document calls the trade. An error's code is row_code_empty, row_code_unknown,
    row_name_differs or row_duplicate. Raises SheetError.
    """
    rows: list[ListRow] = []
    errors: list[RowError] = []
    lines: dict[tuple[str, str], int] = {}
    for line in read_sheet(content, _COLUMNS):
        row = ListRow(line.number, **line.cells)
        row = ListRow(line.number, row.code.translate(_DASHES).replace(" ", ""), row.name, row.variant)
        error = _row_error(row, trades, lines, takes_names=takes_names)
        if error:
            errors.append(error)
        else:
            lines[row.code, row.variant] = row.line
            is_same = not row.name or row.name == clean(trades[row.code])
            rows.append(ListRow(row.line, row.code, trades[row.code] if is_same else row.name, row.variant))
    return ShortageListImport(tuple(rows), tuple(errors))


def _row_error(
    row: ListRow, trades: Mapping[str, str], lines: Mapping[tuple[str, str], int], *, takes_names: bool
) -> RowError | None:
    if not row.code:
        return RowError(row.line, "row_code_empty")
    if row.code not in trades:
        return RowError(row.line, "row_code_unknown", {"code": row.code})
    if row.name and row.name != clean(trades[row.code]) and not takes_names:
        return RowError(
            row.line, "row_name_differs", {"code": row.code, "name": row.name, "expected": trades[row.code]}
        )
    first = lines.get((row.code, row.variant))
    if first is not None:
        return RowError(row.line, "row_duplicate", {"code": row.code, "first": first})
    return None
