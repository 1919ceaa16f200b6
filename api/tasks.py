"""What the worker does for the API by the clock: answers that were kept for a week go."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from api.models import KeptAnswer
from api.triggers import KEPT_DAYS
from mcp.isolation import row_scope
from mcp.worker.somebody import WORKER


@app.periodic(cron="33 2 * * *")
@app.task(queueing_lock="delete_old_answers")
def delete_old_answers(timestamp: int) -> None:
    """Delete answers that are older than KEPT_DAYS."""
    with row_scope.without_scope(reason="delete answers that were kept for long enough", actor=WORKER):
        KeptAnswer.objects.filter(at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()
