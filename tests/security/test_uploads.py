"""An uploaded file is what its content is, never what it is called; nothing hostile is kept or believed."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from app import uploads
from app.errors import DomainError
from app.uploads import UploadKind, read_upload
from tests.support import papers


def refused(content: bytes) -> str:
    with pytest.raises(DomainError) as caught:
        read_upload(content)
    return caught.value.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_drawn_anew_without_what_it_told_of_place_and_camera(kind: str) -> None:
    original = papers.photo(kind=kind)
    assert b"ZHENGJIAN-CAMERA" in original
    kept = read_upload(original)
    assert kept.kind is UploadKind.PHOTO
    assert b"ZHENGJIAN-CAMERA" not in kept.content
    assert b"Exif" not in kept.content
    with Image.open(io.BytesIO(kept.content)) as image:
        assert image.format == "JPEG"
        assert image.size == (640, 480)
        assert not dict(image.getexif())
        assert not dict(image.getexif().get_ifd(papers.GPS))
        assert image.getpixel((10, 10))[0] > 200  # type: ignore[index]


def test_a_photo_taken_sideways_stands_upright() -> None:
    with Image.open(io.BytesIO(read_upload(papers.photo(turned=True)).content)) as image:
        assert image.size == (480, 640)
        assert image.getpixel((470, 320))[0] > 200  # type: ignore[index]  # the top turned to the right


def test_a_large_photo_becomes_small_enough_to_look_at() -> None:
    with Image.open(io.BytesIO(read_upload(papers.photo((5000, 3000))).content)) as image:
        assert image.size == (2000, 1200)


def test_a_transparent_picture_lies_on_white_paper() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(read_upload(out.getvalue()).content)) as image:
        assert image.getpixel((20, 20)) == (255, 255, 255)


def test_a_plain_document_stays_as_it_came() -> None:
    content = papers.pdf(3)
    kept = read_upload(content)
    assert (kept.kind, kept.content) == (UploadKind.PDF, content)


def test_a_second_file_behind_a_photo_is_gone() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("payload.html", "<script>alert(1)</script>")
    for tail in (archive.getvalue(), b"<html><script>alert(1)</script>", b"%PDF-1.7 trailing"):
        kept = read_upload(papers.photo() + tail)
        assert tail not in kept.content
        assert b"<script>" not in kept.content


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "file_kind_unknown"),
        (b"<!doctype html><script>alert(1)</script>", "file_kind_unknown"),
        (b"GIF89a" + b"\0" * 40, "file_kind_unknown"),
        (b"MZ" + b"\0" * 200, "file_kind_unknown"),
        (b"PK\x03\x04" + b"\0" * 200, "file_kind_unknown"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "file_heic"),
        (b"\xff\xd8\xff<html><script>alert(1)</script>", "file_damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "file_damaged"),
        (b"RIFF\0\0\0\0WAVEfmt ", "file_damaged"),
        (b"%PDF-1.7\nnothing follows", "file_damaged"),
        (b"%PDF-1.7\n" + b"<</Length 9>>" * 1000 + b"\n%%EOF", "file_damaged"),
    ],
    ids=[
        "empty",
        "svg",
        "html",
        "gif",
        "exe",
        "zip",
        "heic",
        "html-as-jpg",
        "png-head",
        "wav",
        "pdf-head",
        "pdf-noise",
    ],
)
def test_what_is_no_photo_and_no_document_is_refused(content: bytes, code: str) -> None:
    assert refused(content) == code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_did_not_arrive_whole_is_refused(kind: str) -> None:
    whole = papers.photo((900, 900), kind)
    assert refused(whole[: len(whole) // 2]) == "file_damaged"


def test_a_document_that_did_not_arrive_whole_is_refused() -> None:
    whole = papers.pdf(5)
    assert refused(whole[: len(whole) // 2]) == "file_damaged"


def test_a_few_kilobytes_that_unpack_to_a_hundred_million_pixels_are_refused() -> None:
    content = papers.bomb()
    assert len(content) < 100_000
    assert refused(content) == "photo_too_large"
    assert refused(papers.bomb(5_001)) == "photo_too_large"


def test_a_stream_that_unpacks_without_end_is_refused() -> None:
    content = papers.stream_bomb()
    assert len(content) < uploads.MOST_BYTES
    assert refused(content) == "file_damaged"


def test_a_file_over_the_limit_is_refused_before_it_is_looked_at() -> None:
    assert refused(b"\xff\xd8\xff" + b"0" * uploads.MOST_BYTES) == "file_too_large"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (papers.pdf(password="secret"), "pdf_encrypted"),
        (
            papers.raw_pdf(
                b"<< /Type /Catalog /Pages 2 0 R /Names << /JavaScript << /Names [(a) 4 0 R] >> >> >>",
                *papers.PAGES,
                b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>",
            ),
            "pdf_active",
        ),
        (papers.pdf(attachment=b"another file"), "pdf_active"),
        (papers.pdf(uploads.MOST_PAGES + 1), "pdf_too_long"),
        (
            papers.raw_pdf(
                b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /Launch /F (cmd.exe) >> >>", *papers.PAGES
            ),
            "pdf_active",
        ),
        (
            papers.raw_pdf(
                b"<< /Type /Catalog /Pages 2 0 R /OpenAction 4 0 R >>",
                *papers.PAGES,
                b"<< /S /J#61vaScript /J#53 (app.alert\\(1\\)) >>",
            ),
            "pdf_active",
        ),
        (
            papers.raw_pdf(
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [<< /A << /S /SubmitForm >> >>] >>",
            ),
            "pdf_active",
        ),
        (
            papers.raw_pdf(b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /XFA (x) >> >>", *papers.PAGES),
            "pdf_active",
        ),
        (papers.pdf() + b"<script>alert(1)</script>", "file_damaged"),
        (b"\n" + papers.pdf(), "file_kind_unknown"),
    ],
    ids=[
        "password", "script", "attachment", "long", "launch", "hex-names", "submit", "xfa", "tail", "not-at-start"
    ],
)  # fmt: skip
def test_a_document_that_acts_hides_or_carries_something_is_refused(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_an_ordinary_opening_place_and_a_signature_field_are_no_reason_to_refuse() -> None:
    content = papers.raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /Fit] /AcroForm << /SigFlags 3 /Fields [4 0 R] >> >>",
        *papers.PAGES,
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (seal) /Rect [0 0 0 0] /V << /Type /Sig "
        b"/Filter /Adobe.PPKLite /Contents <00> /ByteRange [0 0 0 0] >> >>",
    )
    assert read_upload(content).kind is UploadKind.PDF


def test_a_document_whose_parts_name_each_other_in_a_circle_is_looked_through_to_its_end() -> None:
    content = papers.raw_pdf(b"<< /Type /Catalog /Pages 2 0 R /Self 1 0 R >>", *papers.PAGES)
    assert read_upload(content).kind is UploadKind.PDF
