"""Photos, PDF documents and register files as people and offices send them, good and hostile."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from PIL import Image
from pypdf import PdfWriter

GPS = 0x8825


def photo(size: tuple[int, int] = (640, 480), kind: str = "JPEG", *, turned: bool = False) -> bytes:
    """A photo with a place, a camera and perhaps a turn in its EXIF; its upper half red, its lower half blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0], size[1] // 2))
    exif = Image.Exif()
    exif[0x010F] = "ZHENGJIAN-CAMERA"
    if turned:
        exif[0x0112] = 6  # shown turned a quarter to the right
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (38.0, 2.0, 30.0)
    out = io.BytesIO()
    image.save(out, kind, exif=exif)
    return out.getvalue()


def bomb(side: int = 10_000) -> bytes:
    """A PNG of a few kilobytes that unpacks to `side` × `side` pixels."""
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    return out.getvalue()


def pdf(pages: int = 1, *, attachment: bytes = b"", password: str = "") -> bytes:
    """A document of blank pages, perhaps with a file inside, or a password."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    if attachment:
        writer.add_attachment("inside.txt", attachment)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def raw_pdf(*objects: bytes) -> bytes:
    """A document written by hand: the first object is its root."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


PAGES = (b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>")


def stream_bomb(unpacked: int = 200_000_000) -> bytes:
    """A document whose root lies in a compressed stream that unpacks to far more than it weighs."""
    packer = zlib.compressobj(9)
    chunk = b"0" * 1_000_000
    packed = b"".join(packer.compress(chunk) for _ in range(unpacked // len(chunk))) + packer.flush()
    head = b"%PDF-1.7\n"
    body = b"1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\n" % len(packed)
    body += b"stream\n%s\nendstream\nendobj\n" % packed
    place = len(head) + len(body)
    entries = b"\x00\x00\x00\x00\x00\xff" + b"\x01" + len(head).to_bytes(4, "big") + b"\x00"
    entries += b"\x02" + (1).to_bytes(4, "big") + b"\x00"
    table = (
        b"3 0 obj\n<< /Type /XRef /Size 3 /W [1 4 1] /Index [0 3] /Root 2 0 R /Length %d >>\nstream\n%s\n"
        b"endstream\nendobj\nstartxref\n%d\n%%%%EOF\n"
    )
    return head + body + table % (len(entries), entries, place)


def sheet(header: Sequence[str], rows: Iterable[Sequence[object]], *, kind: str = "csv") -> bytes:
    """A register file: CSV in UTF-8 with a BOM, in GBK, or XLSX."""
    if kind == "xlsx":
        book, out = Workbook(write_only=True), io.BytesIO()
        page = book.create_sheet()
        for row in (header, *rows):
            page.append(list(row))
        book.save(out)
        return out.getvalue()
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode("gbk" if kind == "gbk" else "utf-8-sig")
