"""What is over is forgotten: invitations, reset tokens, attempts."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import jobs
from app.clock import now
from app.scope import VISITOR
from app.security import hash_token, new_token
from app.tenants.models import Invitation, ResetChannel, ResetToken, Role
from tests.tenants.test_members import desk, invite  # noqa: F401 - a fixture


def perform(super_engine, name):
    """Run the waiting jobs of one name in the scope they carry."""
    with super_engine.connect() as connection:
        rows = connection.execute(
            sa.text("select args from procrastinate_jobs where task_name = :name"), {"name": name}
        ).all()
    for row in rows:
        jobs.queue.tasks[name].func(**row.args)
    return len(rows)


def test_an_invitation_is_deleted_thirty_days_after_its_end(desk, make, look, super_engine):  # noqa: F811
    invite(desk)
    ((scheduled, ends),) = look(
        "select scheduled_at, expires_at from procrastinate_jobs, invitations "
        "where task_name = 'tenants.forget_invitation'"
    )
    assert ends + timedelta(days=30) <= scheduled <= ends + timedelta(days=31)
    other = make.add(
        Invitation(
            tenant_id=make.institution().id,
            tenant_name="示例机构",
            role=Role.TEACHER,
            token_hash=hash_token(new_token()).hex(),
            invited_by=desk.owner.id,
            expires_at=now() - timedelta(days=40),
        )
    )
    assert perform(super_engine, "tenants.forget_invitation") == 1
    assert len(look("select id from invitations")) == 2
    with super_engine.begin() as connection:
        connection.execute(sa.text("update invitations set expires_at = now() - interval '31 days'"))
    perform(super_engine, "tenants.forget_invitation")
    assert look("select id from invitations") == [(other.id,)]


@pytest.mark.parametrize(("hours", "left"), [(1, 2), (-1, 2), (-23, 2), (-25, 1)])
def test_reset_tokens_are_deleted_a_day_after_their_end(client, make, look, super_engine, run_jobs, hours, left):
    user, other = make.user(login="lao-li", email="li@example.cn"), make.user()
    make.add(
        ResetToken(
            user_id=other.id,
            channel=ResetChannel.EMAIL,
            token_hash=hash_token(new_token()).hex(),
            expires_at=now() - timedelta(days=9),
        )
    )
    client.post("/forgot", data={"login": "lao-li"})
    ((name, args),) = look("select task_name, args from procrastinate_jobs")
    jobs.queue.tasks[name].func(**args)
    with super_engine.begin() as connection:
        connection.execute(
            sa.text("update reset_tokens set expires_at = :at where user_id = :id"),
            {"at": now() + timedelta(hours=hours), "id": user.id},
        )
    assert perform(super_engine, "tenants.forget_tokens") == 1
    assert len(look("select id from reset_tokens")) == left


def test_attempts_are_deleted_every_night(app, look, super_engine):
    with super_engine.begin() as connection:
        for key, hours in (("old", -25), ("remembered", -23), ("counting", 1)):
            connection.execute(
                sa.text("insert into attempts (key, count, expires_at) values (:key, 1, :at)"),
                {"key": key, "at": now() + timedelta(hours=hours)},
            )
    nightly = {task.task.name: task.cron for task in jobs.queue.periodic_registry.periodic_tasks.values()}
    assert nightly["tenants.purge"] == "30 19 * * *"
    jobs.queue.tasks["tenants.forget_attempts"].func(scope=VISITOR.as_job_args())
    assert sorted(look("select key from attempts")) == [("counting",), ("remembered",)]
