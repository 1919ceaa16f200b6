"""Forms that were sent, so that one that is sent twice has its effect once."""

from django.db import models
from django.db.models.functions import Now

from locations.personal import personal


@personal(technical="at led_to")
class SentForm(models.Model):
    """A form that was accepted: the hash of what was sent (mcp/console/sent_once.py), and the address it has led to.

    Kept for a day. Nobody can guess the key, and no data of a business is in it, so the table has no row security.
    """

    key = models.BinaryField(primary_key=True, max_length=32)
    at = models.DateTimeField(db_default=Now(), editable=False)
    led_to = models.CharField(max_length=2000, blank=True, db_default="")

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="sentform_by_age")]

    def __str__(self) -> str:
        return f"{bytes(self.key).hex()[:8]}, {self.at}"
