"""What the worker does for the API by the clock: answers that were kept for a week go, webhooks are told of changes."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from api.models import KeptAnswer
from api.triggers import KEPT_DAYS
from api.webhooks import deliver, due
from mcp.isolation import row_scope
from mcp.worker.somebody import WORKER
from mcp.worker.upkeep import for_each


@app.periodic(cron="33 2 * * *")
@app.task(queueing_lock="delete_old_answers")
def delete_old_answers(timestamp: int) -> None:
    """Delete answers that are older than KEPT_DAYS."""
    with row_scope.without_scope(reason="delete answers that were kept for long enough", actor=WORKER):
        KeptAnswer.objects.filter(at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="send_webhooks")
def send_webhooks(timestamp: int) -> None:
    """Tell each webhook whose time has come what has changed. One that fails keeps nobody else from it."""
    with row_scope.without_scope(reason="find the webhooks whose time has come", actor=WORKER):
        waiting = due(timezone.now())
    for_each(waiting, deliver, what="Webhook %s could not be told of changes")
