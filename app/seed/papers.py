"""Photos of papers for the demo county's bureau to look at: drawn here, and marked 示例."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageDraw

from app import storage
from app.enroll.models import Proof, ProofFile, ProofState
from app.seed.block import Block
from app.seed.organisations import DEMO_COUNTY
from app.uploads import UploadKind

MOST_PAPERS = 24
PAGE = (1000, 700)
_PAPER, _INK, _LINE, _SEAL = (250, 248, 242), (52, 58, 64), (206, 204, 196), (186, 54, 44)
# 示例, 48 dots wide and 24 high, a row a number: no font has to be there to draw it.
_MARK = (
    0x0, 0x0, 0x0, 0x0, 0x3FE08, 0xFFFF006FF08, 0xFFFF0062088, 0xC6088, 0xC6088, 0xC7C88, 0x1C7E88, 0x3FFFFC3C4688,
    0x3FFFFC3CC688, 0x18002CC488, 0x18000DE488, 0x318C00DBC88, 0x618600D1C88, 0x618600C1888, 0xC18300C1888,
    0xC18300C1008, 0x1818180C3008, 0x3018180C6008, 0x18080CE008, 0x1F8000DC078,
)  # fmt: skip


def add_papers(block: Block) -> None:
    """A photo with each of the papers that wait in the demo county; stored under names of their own."""
    county = next(place for place in block.reference.counties if place.code == DEMO_COUNTY)
    waiting = [
        proof
        for proof in block.rows.waiting(Proof)
        if proof["region_id"] == county.id and proof["state"] is ProofState.PENDING
    ][:MOST_PAPERS]
    photo = draw_photo()
    for proof in waiting:
        name = hashlib.sha256(f"示例 {proof['id']}".encode()).hexdigest()[:32]
        storage.put(photo, name)
        block.rows.add(
            ProofFile,
            proof_id=proof["id"],
            learner_id=proof["learner_id"],
            region_id=proof["region_id"],
            name=name,
            kind=UploadKind.PHOTO,
            size=len(photo),
            sha256=hashlib.sha256(photo).digest(),
            created_at=proof["created_at"],
        )


def draw_photo() -> bytes:
    """A sheet with lines where writing would be, the mark across it, and a seal that is none."""
    page = Image.new("RGB", PAGE, _PAPER)
    draw = ImageDraw.Draw(page)
    draw.rectangle((30, 30, PAGE[0] - 30, PAGE[1] - 30), outline=_LINE, width=3)
    for number in range(8):
        top = 250 + number * 46
        draw.rectangle((90, top, 250, top + 14), fill=_LINE)
        draw.rectangle((280, top, 860 - 90 * (number % 3), top + 14), fill=(228, 226, 219))
    mark = _mark()
    _stamp(page, mark, (360, 180), (320, 40), _INK)
    draw.ellipse((700, 470, 880, 650), outline=_SEAL, width=6)
    _stamp(page, mark, (130, 65), (725, 528), _SEAL)
    out = io.BytesIO()
    page.save(out, "JPEG", quality=80)
    return out.getvalue()


def _mark() -> Image.Image:
    dots = b"".join(row.to_bytes(6, "big") for row in _MARK)
    return Image.frombytes("1", (48, 24), dots).convert("L")


def _stamp(
    page: Image.Image, mark: Image.Image, size: tuple[int, int], at: tuple[int, int], ink: tuple[int, int, int]
) -> None:
    page.paste(ink, (*at, at[0] + size[0], at[1] + size[1]), mark.resize(size, Image.Resampling.BICUBIC))
