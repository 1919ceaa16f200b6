"""Registers the panel of the front page that shows what waits for the user."""

from django.utils.translation import gettext_lazy

from mcp.console import panels, waiting

panels.register(
    panels.Panel(
        name="waiting",
        title=gettext_lazy("Waiting for you"),
        right=None,
        template="mcp/waiting.html",
        facts=waiting.facts,
        order=5,
        is_wide=True,
        is_deferred=True,
        is_useful=waiting.is_ever_waited_for,
    )
)
