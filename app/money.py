"""Money is integer fen (1 yuan = 100 fen); it becomes text only at the edge."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def yuan(fen: int) -> str:
    """Fen as yuan without a currency sign: 220000 → "2200", 150050 → "1500.50"."""
    whole, cents = divmod(abs(fen), 100)
    sign = "-" if fen < 0 else ""
    return f"{sign}{whole}.{cents:02d}" if cents else f"{sign}{whole}"


def fen_from_yuan(text: str) -> int:
    """Parse what a person typed in yuan ("1800", "1,800.50") into fen.

    Raises ValueError for anything that is not a non-negative amount with at most two decimals.
    """
    try:
        amount = Decimal(text.strip().replace(",", "").replace("，", "")) * 100
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise ValueError(text)
    return int(amount)
