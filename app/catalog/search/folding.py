"""Text folded to how it is compared, the same for what is stored and what is asked.

Half-width, lower case, simplified characters, one blank between words. Characters are folded one by one, so that a
text means the same wherever it is cut.
"""

from __future__ import annotations

import functools
import re
import unicodedata

import opencc

from app.catalog.search.contract import LONGEST_TEXT

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUNS = re.compile(f"[{HAN}]+|[a-z0-9](?:[a-z0-9+#.'-]*[a-z0-9+#])?")
"""What a folded text is made of: Chinese in one piece, or a word or number of another script."""

_HAN = re.compile(f"[{HAN}]")


def normalise(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """The text as it is compared, cut at `longest` characters; folding twice changes nothing."""
    folded = text[: longest * 2]
    for _twice in range(2):  # folding case can leave what is not composed
        folded = unicodedata.normalize("NFKC", folded).casefold()
    folded = unicodedata.normalize("NFKC", folded).translate(_simplified())
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in folded)
    return " ".join(kept.split())[:longest].strip()


def is_han(word: str) -> bool:
    """Whether a run of characters is Chinese."""
    return _HAN.match(word) is not None


@functools.cache
def _simplified() -> dict[int, str]:
    """Every traditional character that has one simplified form, followed to its end."""
    characters = [chr(point) for point in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    folded = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    table = {old: new for old, new in zip(characters, folded, strict=True) if old != new and len(new) == 1}
    return {ord(old): table.get(new, new) for old, new in table.items()}
