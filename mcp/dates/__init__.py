"""How dates are shown and taken here: English as Europe does, the day first (see en), and moments with their second."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format


def to_the_second(at: datetime) -> str:
    """A moment with its second, by the clock of the business and as the language writes its day."""
    here = timezone.localtime(at)
    return f"{date_format(here, 'SHORT_DATE_FORMAT')} {date_format(here, 'H:i:s')}"
