"""Registers the pages of the central administration: Django looks for them here."""

from mcp.central import admin  # noqa: F401
