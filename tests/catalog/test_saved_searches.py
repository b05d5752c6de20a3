"""Saved searches: kept by whoever asked, looked through every morning, told once, and never about a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.catalog.search.models import SavedSearch
from app.catalog.services.saved_searches import MOST, next_morning
from app.clock import CITY_ZONE, now
from app.tenants.models import User
from tests.catalog.public import answer, soup, titles
from tests.factories import Make
from tests.support.pages import LintingClient

Look = Callable[..., list[sa.Row[tuple[Any, ...]]]]
RunJobs = Callable[..., list[str]]
Login = Callable[..., None]
TELL = "catalog.tell_saved_search"


@pytest.fixture
def learner(client: LintingClient, make: Make, login: Login) -> User:
    """Somebody signed in."""
    user = make.learner()
    login(client, user)
    return user


@pytest.fixture
def look_for_news(make: Make, run_jobs: RunJobs, look: Look) -> Callable[[], int]:
    """Let the waiting morning come; how many notices there are then."""

    def look_for_news() -> int:
        make.session.execute(
            sa.text("update procrastinate_jobs set scheduled_at = now() where task_name = :name"), {"name": TELL}
        )
        make.session.commit()
        run_jobs()
        return len(look("select * from notices where kind = 'saved_search_news'"))

    return look_for_news


def waiting(look: Look) -> list[Any]:
    return look(
        "select scheduled_at, args from procrastinate_jobs where task_name = :name and status = 'todo'", name=TELL
    )


def save(client: LintingClient, address: str, **more: str) -> int:
    return client.post("/me/searches", data={"address": address, **more}).status_code


def test_the_next_morning_is_tomorrow_at_eight_in_the_city() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=CITY_ZONE)
    assert next_morning(late) == datetime(2026, 11, 24, 8, 0, tzinfo=CITY_ZONE)
    early = datetime(2026, 11, 23, 0, 30, tzinfo=CITY_ZONE)
    assert next_morning(early) == datetime(2026, 11, 24, 8, 0, tzinfo=CITY_ZONE)


@pytest.mark.usefixtures("learner")
def test_a_search_is_saved_from_its_page_and_listed_with_what_it_asks(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look
) -> None:
    make.course()
    reindex()
    page = soup(client, "/courses", q="焊工", region="130108", page=1)
    form = page.select_one('form[action="/me/searches"]')
    assert form is not None
    sent = {str(field["name"]): str(field.get("value", "")) for field in form.select("input")}
    assert sent["address"] == "q=%E7%84%8A%E5%B7%A5&region=130108"
    assert client.post("/me/searches", data=sent).status_code == 303
    text = soup(client, "/me/searches").get_text()
    assert "焊工" in text
    assert "裕华区" in text
    assert "已关注这个搜索" in soup(client, "/courses", q="焊工", region="130108").get_text()
    assert len(waiting(look)) == 1


@pytest.mark.usefixtures("learner")
def test_saving_twice_is_saving_once(client: LintingClient, look: Look) -> None:
    for address in ("q=焊工", "q=%E7%84%8A%E5%B7%A5&page=7", "q=焊工&nonsense=1"):
        assert save(client, address) == 303
    assert [row.address for row in look("select address from saved_searches")] == ["q=%E7%84%8A%E5%B7%A5"]
    assert len(waiting(look)) == 1


@pytest.mark.usefixtures("learner")
def test_there_is_an_end_to_how_many_can_be_kept(client: LintingClient, look: Look) -> None:
    for n in range(MOST):
        assert save(client, f"q=焊工{n}") == 303
    assert save(client, "q=one-more") == 409
    assert save(client, "q=焊工1") == 303
    assert save(client, "") == 409
    assert look("select count(*) from saved_searches")[0][0] == MOST


@pytest.mark.usefixtures("learner")
def test_news_are_told_once_the_morning_after(
    client: LintingClient,
    make: Make,
    reindex: Callable[[], None],
    look: Look,
    look_for_news: Callable[[], int],
) -> None:
    make.course(title="早就有的焊工课")
    reindex()
    save(client, "q=焊工")
    assert look_for_news() == 0
    make.course(title="新来的焊工课")
    make.course(title="别的新课", trade_code="6-31-01-03")
    reindex()
    assert look_for_news() == 1
    assert look_for_news() == 1
    (saved,) = look("select news, news_since, seen_at from saved_searches")
    assert saved.news == 1
    page = soup(client, "/me/searches")
    link = next(a for a in page.select("a") if "1 门新课" in a.get_text())
    assert titles(soup(client, str(link["href"]))) == ["新来的焊工课"]
    assert "以后的新课" in soup(client, str(link["href"])).get_text()
    (job,) = waiting(look)
    assert job.scheduled_at > now()


def test_the_job_carries_ids_and_the_notice_no_words(
    client: LintingClient,
    make: Make,
    learner: User,
    reindex: Callable[[], None],
    look: Look,
    look_for_news: Callable[[], int],
) -> None:
    save(client, "q=焊工")
    (job,) = waiting(look)
    assert set(job.args) == {"scope", "saved_search_id"}
    assert job.args["scope"]["actor_id"] == learner.id
    make.course()
    reindex()
    assert look_for_news() == 1
    (notice,) = look("select params from notices")
    assert notice.params == {"n": 1}


@pytest.mark.usefixtures("learner")
def test_answers_about_the_person_have_no_part_in_what_is_told(
    client: LintingClient,
    make: Make,
    reindex: Callable[[], None],
    look_for_news: Callable[[], int],
    look: Look,
) -> None:
    answer(client)
    save(client, "q=焊工&free=1")
    make.course(designated=False, is_subsidised=False)
    reindex()
    assert titles(soup(client, "/courses", q="焊工", free="1")) == []
    assert look_for_news() == 1
    assert "提醒时不使用你的回答" in soup(client, "/me/searches").get_text()
    assert "unemployed" not in str(look("select * from saved_searches")) + str(waiting(look))


@pytest.mark.usefixtures("learner")
def test_a_paused_search_is_silent_and_tells_only_of_what_comes_after_it_is_resumed(
    client: LintingClient,
    make: Make,
    reindex: Callable[[], None],
    look: Look,
    look_for_news: Callable[[], int],
) -> None:
    save(client, "q=焊工")
    saved_id = look("select id from saved_searches")[0][0]
    client.post(f"/me/searches/{saved_id}/pause")
    make.course(title="停着的时候来的")
    reindex()
    assert look_for_news() == 0
    assert waiting(look) == []
    client.post(f"/me/searches/{saved_id}/resume")
    assert look_for_news() == 0
    make.course(title="恢复以后来的")
    reindex()
    assert look_for_news() == 1


@pytest.mark.usefixtures("learner")
def test_a_forgotten_search_is_gone_and_its_waiting_job_does_nothing(
    client: LintingClient,
    make: Make,
    reindex: Callable[[], None],
    look: Look,
    look_for_news: Callable[[], int],
) -> None:
    save(client, "q=焊工")
    saved_id = look("select id from saved_searches")[0][0]
    assert client.post(f"/me/searches/{saved_id}/delete").status_code == 303
    make.course()
    reindex()
    assert look_for_news() == 0
    assert waiting(look) == []
    assert client.post(f"/me/searches/{saved_id}/delete").status_code == 404


@pytest.mark.usefixtures("learner")
def test_a_broken_chain_is_mended_when_the_page_is_opened(client: LintingClient, make: Make, look: Look) -> None:
    save(client, "q=焊工")
    make.session.execute(sa.text("delete from procrastinate_jobs"))
    make.session.commit()
    for _twice in range(2):
        soup(client, "/me/searches")
    assert len(waiting(look)) == 1


def test_a_job_killed_and_run_again_tells_once(
    client: LintingClient,
    make: Make,
    learner: User,
    reindex: Callable[[], None],
    look: Look,
    look_for_news: Callable[[], int],
) -> None:
    save(client, "q=焊工")
    make.course()
    reindex()
    before = look("select seen_at from saved_searches")[0][0]
    assert look_for_news() == 1
    make.session.execute(sa.update(SavedSearch).values(seen_at=before - timedelta(minutes=1)))
    make.session.commit()
    assert look_for_news() == 1


@pytest.mark.usefixtures("learner")
def test_what_finds_nothing_is_remembered_as_wished_for(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look
) -> None:
    page = soup(client, "/courses", q="焊工", mode="weekend")
    form = page.select_one('.empty form[action="/me/searches"]')
    assert form is not None
    sent = {str(field["name"]): str(field.get("value", "")) for field in form.select("input")}
    assert client.post("/me/searches", data=sent).status_code == 303
    rows = look("select text, filters, is_wished from search_log")
    assert [tuple(row) for row in rows] == [("焊工", {"mode": ["weekend"]}, True)]
    make.course()
    reindex()
    save(client, "q=焊工")
    assert len(look("select 1 from search_log where is_wished")) == 1
