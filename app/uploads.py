"""What an uploaded file really is, by its content alone: photos are drawn anew, PDF documents are looked through.

A photo is decoded, turned upright, scaled and encoded again, so nothing of the file that came survives but its
picture: no position, no camera, no second file behind the first. A PDF stays as it came (a state seal signs its
bytes), so one that is encrypted, runs anything or carries other files is refused.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from PIL import Image, ImageOps
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

from app import errors
from app.errors import DomainError
from app.i18n import lazy_gettext as _l

MOST_BYTES = 8 * 1024 * 1024
LONGEST_SIDE = 2000
MOST_PAGES = 30
MOST_OBJECTS = 50_000
ACCEPT = "image/jpeg,image/png,image/webp,application/pdf"
"""What a file chooser offers; because HEIC is not named, an iPhone hands its photos over as JPEG."""

# Pixels a photo may have: JPEG, decoded at a fraction of its size, as many as phones make; the others are decoded
# in full. Pillow's own alarm rings later.
_MOST_PIXELS = {"JPEG": 52_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
_SIGNATURES = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF", "WEBP"), (b"%PDF-", "PDF"))
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif")
# What makes a document act or carry something else than pages.
_ACTIVE_KEYS = {"/JS", "/JavaScript", "/EF", "/EmbeddedFiles", "/RichMedia", "/RichMediaContent", "/XFA", "/Movie"}
_ACTIVE_VALUES = {
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Movie", "/Sound",
    "/EmbeddedFile", "/RichMedia", "/FileAttachment", "/Screen", "/3D",
}  # fmt: skip

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its owner is told what is odd about a file

errors.register("file_empty", _l("这个文件是空的，请重新选择。"))
errors.register("file_too_large", _l("每个文件最多 %(megabytes)s MB。"))
errors.register("file_kind_unknown", _l("只收照片（JPEG、PNG、WebP）和 PDF。这个文件的内容不是其中任何一种。"))
errors.register(
    "file_heic",
    _l("这是 HEIC 照片，很多电脑打不开。请在手机设置的「相机—格式」里选「兼容性最佳」，或截屏后上传。"),
)
errors.register("file_damaged", _l("这个文件打不开，可能没有传完整。请重新拍照或重新导出后再传。"))
errors.register("photo_too_large", _l("这张照片的尺寸太大，请缩小后再传。"))
errors.register("pdf_encrypted", _l("这个 PDF 有密码保护，请去掉密码后再传，或者拍照上传。"))
errors.register("pdf_active", _l("这个 PDF 里有脚本、附件或表单程序，不能收。请打印成普通 PDF，或者拍照上传。"))
errors.register("pdf_too_long", _l("这个 PDF 页数太多，最多 %(pages)s 页。"))


class UploadKind(StrEnum):
    """The two kinds of file that are kept."""

    PHOTO = "photo"
    PDF = "pdf"

    @property
    def mimetype(self) -> str:
        """What it is served as: every photo was encoded again as JPEG."""
        return "image/jpeg" if self is UploadKind.PHOTO else "application/pdf"

    @property
    def suffix(self) -> str:
        """How a downloaded file's name ends."""
        return "jpg" if self is UploadKind.PHOTO else "pdf"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that may be kept."""

    kind: UploadKind
    content: bytes


def read_upload(content: bytes) -> Upload:
    """What may be kept of an uploaded file.

    Raises DomainError file_empty, file_too_large, file_kind_unknown, file_heic, file_damaged, photo_too_large,
    pdf_encrypted, pdf_active or pdf_too_long.
    """
    if not content:
        raise DomainError("file_empty")
    if len(content) > MOST_BYTES:
        raise DomainError("file_too_large", megabytes=MOST_BYTES // 1024**2)
    name = next((name for signature, name in _SIGNATURES if content.startswith(signature)), None)
    if name == "PDF":
        _look_through(content)
        return Upload(UploadKind.PDF, content)
    if name is not None:
        return Upload(UploadKind.PHOTO, _draw_anew(content, name))
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        raise DomainError("file_heic")
    raise DomainError("file_kind_unknown")


def _draw_anew(content: bytes, name: str) -> bytes:
    try:
        with Image.open(io.BytesIO(content), formats=(name,)) as image:
            width, height = image.size
            if width * height > _MOST_PIXELS[name]:
                raise DomainError("photo_too_large")
            image.verify()
        with Image.open(io.BytesIO(content), formats=(name,)) as image:
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded at no more than it needs
            image.load()
            return _as_jpeg(image)
    except DomainError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DomainError("photo_too_large") from error
    except Exception as error:  # decoders of hostile bytes raise whatever they meet
        raise DomainError("file_damaged") from error


def _as_jpeg(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    paper = Image.new("RGB", upright.size, "white")
    if upright.has_transparency_data:
        seen = upright.convert("RGBA")
        paper.paste(seen, mask=seen.getchannel("A"))
    else:
        paper.paste(upright.convert("RGB"))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=85, optimize=True)  # a new image: it has no metadata to write
    return out.getvalue()


def _look_through(content: bytes) -> None:
    if b"%%EOF" not in content[-1024:] or content.rpartition(b"%%EOF")[2].strip(b"\0 \t\r\n"):
        raise DomainError("file_damaged")
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise DomainError("pdf_encrypted")
        if _is_active(reader):
            raise DomainError("pdf_active")
        pages = len(reader.pages)
        if pages > MOST_PAGES:
            raise DomainError("pdf_too_long", pages=MOST_PAGES)
        if not pages:
            raise DomainError("file_damaged")
        for page in reader.pages:
            _ = page.mediabox
    except DomainError:
        raise
    except Exception as error:  # parsers of hostile bytes raise whatever they meet
        raise DomainError("file_damaged") from error


def _is_active(reader: PdfReader) -> bool:
    """Whether anything reachable from the document's root acts; too much to look through counts as a yes."""
    waiting: list[Any] = [reader.trailer]
    seen: set[tuple[int, int]] = set()
    looked = 0
    while waiting:
        looked += 1
        if looked > MOST_OBJECTS:
            return True
        thing = waiting.pop()
        if isinstance(thing, IndirectObject):
            if (thing.idnum, thing.generation) in seen:
                continue
            seen.add((thing.idnum, thing.generation))
            thing = thing.get_object()
        if isinstance(thing, DictionaryObject):
            if _ACTIVE_KEYS & set(thing):
                return True
            waiting.extend(dict.values(thing))
        elif isinstance(thing, ArrayObject):
            waiting.extend(list.__iter__(thing))
        elif isinstance(thing, NameObject) and thing in _ACTIVE_VALUES:
            return True
    return False
