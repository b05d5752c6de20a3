"""Where a sign-in may send people."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security import safe_next


@pytest.mark.parametrize(
    "target", ["/", "/courses", "/courses?trade=4-08&q=焊工#top", "/courses/12/runs?next=//x"]
)
def test_a_path_of_this_site_is_kept(target: str) -> None:
    assert safe_next(target, "/home") == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "courses",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/.//evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        " /courses",
        "/\t/evil.example",
        "/courses\r\nSet-Cookie: a=b",
        "/courses\x00",
        "/\u200b/evil.example",
        "/" + "a" * 2000,
        "//[",
    ],
)
def test_anything_else_becomes_the_default(target: str | None) -> None:
    assert safe_next(target, "/home") == "/home"


@given(st.text(alphabet="/\\:.@?#[]%a\t\n \u200b・e", max_size=12))
def test_no_spelling_leaves_the_site(tail: str) -> None:
    landed = urljoin("https://jiangtu.example/sign-in", safe_next("/" + tail, "/"))
    assert urlsplit(landed)[:2] == ("https", "jiangtu.example")
