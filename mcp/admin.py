"""Imports the pages of the central administration, which registers them. Django looks for them here."""

from mcp.central import admin  # noqa: F401
