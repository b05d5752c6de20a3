"""The link to the other language leads back to the page it stands on."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from tests.factories.tenants import PASSWORD


def other_language(response) -> str:
    soup = BeautifulSoup(response.get_data(as_text=True), "html.parser")
    return soup.select_one("a[hreflang]")["href"]


@pytest.mark.parametrize("address", ["/", "/courses?q=%E7%94%B5&page=2", "/sign-in?next=/me"])
def test_it_leads_back_to_the_page_that_was_asked_for(client, address):
    back = client.get(other_language(client.get(address)))
    assert (back.status_code, back.location) == (303, address)


def test_after_a_refused_form_it_leads_back_to_the_form(client):
    refused = client.post("/sign-in?next=/me", data={"login": "nobody", "password": PASSWORD})
    assert refused.status_code == 422
    assert client.get(other_language(refused)).location == "/sign-in?next=/me"


@pytest.mark.parametrize("address", ["/me/account/name", "/me/account/logins", "/me/account/password"])
def test_after_a_form_posted_to_an_address_without_a_page_it_leads_to_the_nearest_page(
    client, make, login, address
):
    login(client, make.user())
    refused = client.post(address)
    assert refused.status_code == 422
    page = client.get(other_language(refused), follow_redirects=True)
    assert (page.status_code, page.request.path) == (200, "/me/account")


def test_after_a_post_to_nowhere_it_leads_home(client):
    lost = client.post("/no/such/page")
    assert lost.status_code == 404
    assert client.get(other_language(lost)).location == "/"
