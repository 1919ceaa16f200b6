"""Invoices as documents: XML (EN 16931) and PDF/A-3 written, those of others read.

Nothing here knows a table or a user: everything works on the dataclasses of `contents`.
"""
