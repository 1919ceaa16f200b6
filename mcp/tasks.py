"""What the worker does for the central administration."""

from __future__ import annotations

import logging
from importlib import import_module

from django.conf import settings
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

MOST_ATTEMPTS = 5
"""A job that takes its worker down with it as often as this is given up."""
log = logging.getLogger(__name__)


@app.periodic(cron="23 3 * * *")
@app.task(queueing_lock="clear_expired_sessions")
def clear_expired_sessions(timestamp: int) -> None:
    """Sessions that have run out would otherwise stay in the database for ever."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="resume_stalled_jobs", pass_context=True)
async def resume_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """What a killed worker left under way begins anew; every task of ours can be begun anew at any point."""
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs():
        if job.attempts >= MOST_ATTEMPTS:
            log.error("Job %s (%s) has lost its worker %s times and is given up", job.id, job.task_name, job.attempts)
            await jobs.finish_job(job, status=Status.FAILED, delete_job=False)
        else:
            log.warning("Job %s (%s) has lost its worker and begins anew", job.id, job.task_name)
            await jobs.retry_job(job)
