"""Forms that were sent, so that the same one sent twice does its work once."""

from django.db import models
from django.db.models.functions import Now


class SentForm(models.Model):
    """A form that was taken, by what was sent (mcp/console/sent_once.py), and where that has led. Kept for a day.

    The key is a hash that nobody can guess. There is nothing of a business in it, so it is under no row security.
    """

    key = models.BinaryField(primary_key=True, max_length=32)
    at = models.DateTimeField(db_default=Now(), editable=False)
    led_to = models.CharField(max_length=2000, blank=True, db_default="")

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="sentform_by_age")]

    def __str__(self) -> str:
        return f"{bytes(self.key).hex()[:8]}, {self.at}"
