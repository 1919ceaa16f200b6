"""What this app shows on the front page: loaded with the panels of all apps."""

from transitions import waiting as waiting
