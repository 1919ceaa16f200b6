"""The worker's tasks for the central administration: sessions, login attempts, mails, reminders, stalled jobs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from mcp.central.operations import passwords
from mcp.choices import MailState
from mcp.console import reminders
from mcp.isolation import row_scope
from mcp.models import LoginAttempt, Mail, SentForm
from mcp.models.mail import GIVEN_UP
from mcp.worker import mailing
from mcp.worker.queueing import AGAIN, NothingThere, tell_given_up, when_given_up
from mcp.worker.somebody import WORKER

MOST_ATTEMPTS = 5
"""A job whose worker has died as often as this is given up."""
KEPT_DAYS = 90
log = logging.getLogger(__name__)


@app.periodic(cron="23 3 * * *")
@app.task(queueing_lock="clear_expired_sessions")
def clear_expired_sessions(timestamp: int) -> None:
    """Delete sessions that have expired."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="delete_old_login_attempts")
def delete_old_login_attempts(timestamp: int) -> None:
    """Delete login attempts that are older than KEPT_DAYS."""
    with row_scope.without_scope(reason="delete old login attempts", actor=WORKER):
        LoginAttempt.objects.filter(at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="forget_sent_forms")
def forget_sent_forms(timestamp: int) -> None:
    """Delete the records of forms that were sent more than a day ago."""
    SentForm.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()


class NotSent(Exception):
    """The mail was not sent, and is tried again; its row has the error of the server."""


@app.task(
    retry=RetryStrategy(
        max_attempts=mailing.MOST_TRIES, exponential_wait=mailing.PAUSE, retry_exceptions={NotSent, NothingThere}
    )
)
def send_mail(mail: int) -> None:
    """Send one mail of the outbox (see mcp/worker/mailing.py)."""
    with row_scope.without_scope(reason="send a mail", actor=WORKER):
        rows = Mail.objects.select_for_update(of=("self",)).select_related("user", "organization")
        row = rows.filter(pk=mail).first()
        if row is None:
            raise NothingThere("mail", mail)
        if row.state == MailState.WAITING:
            mailing.send(row, besides=_besides(row.facts))
    if row.state == MailState.WAITING:
        raise NotSent


def _besides(facts: Mapping[str, Any]) -> dict[str, object]:
    """What is made when a mail is sent and is not stored: the link, and the lines of a reminder."""
    made: dict[str, object] = {}
    if link := facts.get("link"):
        made["address"] = passwords.address_of(link)
    if things := facts.get("things"):
        made["lines"] = partial(reminders.lines, things)
    return made


@app.periodic(cron="27 5-17 * * *")
@app.task(queueing_lock="remind_of_what_waits")
def remind_of_what_waits(timestamp: int) -> None:
    """Send reminders.

    It runs every hour of the day, so that it is made up for where the worker was away; each person gets one a day.
    """
    reminders.remind(now=timezone.now(), actor=WORKER)


@app.task(retry=AGAIN)
def mail_forgotten_password(attempt: int) -> None:
    """Mail a link to somebody who has asked for one at the login; the attempt has the name that was typed."""
    with row_scope.without_scope(reason="a password was forgotten", actor=WORKER):
        asked = LoginAttempt.objects.filter(pk=attempt).first()
        if asked is None:
            raise NothingThere("login attempt", attempt)
        passwords.request_link(account_number=asked.account_number, username=asked.username)


@when_given_up("mcp.tasks.send_mail")
def fail_given_up_mail(mail: int) -> None:
    """Mark the mail as failed; the page of the person shows it."""
    with row_scope.without_scope(reason="a mail is given up", actor=WORKER):
        waiting = Mail.objects.filter(pk=mail, state=MailState.WAITING)
        waiting.update(state=MailState.FAILED, error=GIVEN_UP)


@when_given_up("mcp.tasks.mail_forgotten_password")
def log_given_up_request(attempt: int) -> None:
    """Write it to the log. The person is not logged in and cannot be told; he can ask again."""
    log.error("The link for a forgotten password (login attempt %s) is given up", attempt)


def _tell_given_up(task: str, arguments: Mapping[str, object]) -> None:
    """Runs in a thread of its own, and so closes its connection."""
    try:
        tell_given_up(task, arguments)
    finally:
        connection.close()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="resume_stalled_jobs", pass_context=True)
async def resume_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Start jobs again whose worker was killed. Every task of ours can be started again at any point."""
    jobs, broken = context.app.job_manager, []
    for job in await jobs.get_stalled_jobs():
        try:
            await _resume(jobs, job)
        except Exception as error:
            log.exception(
                "Job %s (%s), which has lost its worker, could be neither resumed nor given up", job.id, job.task_name
            )
            broken.append(error)
    if broken:
        raise ExceptionGroup("Jobs that have lost their worker could be neither resumed nor given up", broken)


async def _resume(jobs: JobManager, job: Job) -> None:
    """Start the job again, or give it up after MOST_ATTEMPTS.

    Users are told first: if that fails, it is tried again a minute later. Where another with the same queueing lock
    waits meanwhile, which does the same, this one ends: it may be its lock that the other waits for.
    """
    if job.attempts >= MOST_ATTEMPTS:
        log.error("Job %s (%s) has lost its worker %s times and is given up", job.id, job.task_name, job.attempts)
        await sync_to_async(_tell_given_up)(job.task_name, job.task_kwargs)
        await jobs.finish_job(job, status=Status.FAILED, delete_job=False)
    else:
        try:
            await jobs.retry_job(job)
        except UniqueViolation:
            log.warning("Job %s (%s) has lost its worker, and another does its work", job.id, job.task_name)
            await jobs.finish_job(job, status=Status.ABORTED, delete_job=False)
        else:
            log.warning("Job %s (%s) has lost its worker and begins anew", job.id, job.task_name)
