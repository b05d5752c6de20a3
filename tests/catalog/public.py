"""Reading the public catalog as a visitor does."""

from __future__ import annotations

from typing import Any

from bs4 import BeautifulSoup

from tests.support.pages import LintingClient

UNEMPLOYED = {
    "situations": "registered_unemployed",
    "age_band": "16_49",
    "residence": "hukou",
    "same_trade_level_before": "no",
    "used_this_year": "0",
}


def answer(client: LintingClient, **answers: str) -> None:
    """Have answered the questions as someone unemployed, but for these answers."""
    with client.session_transaction() as session:
        session["answers"] = {**UNEMPLOYED, **answers}


def soup(client: LintingClient, path: str, **params: Any) -> BeautifulSoup:
    """A page that answers 200."""
    response = client.get(path, query_string=params or None)
    assert response.status_code == 200
    return BeautifulSoup(response.get_data(as_text=True), "html.parser")


def titles(page: BeautifulSoup) -> list[str]:
    """The cards' titles in their order."""
    return [link.get_text(strip=True) for link in page.select(".result h3 a")]


def chips(page: BeautifulSoup) -> list[str]:
    """What was understood and chosen."""
    return [chip.get_text(" ", strip=True).removesuffix(" ×") for chip in page.select("#understood .chip")]
