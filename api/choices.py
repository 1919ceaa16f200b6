"""The closed lists of the API."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WebhookState(models.TextChoices):
    ACTIVE = "active", _("In use")
    GIVEN_UP = "given_up", _("Given up")
    ENDED = "ended", _("Ended")


WEBHOOK_STEPS: dict[WebhookState, frozenset[WebhookState]] = {
    WebhookState.ACTIVE: frozenset({WebhookState.GIVEN_UP, WebhookState.ENDED}),
    WebhookState.GIVEN_UP: frozenset({WebhookState.ACTIVE, WebhookState.ENDED}),
    WebhookState.ENDED: frozenset(),
}
