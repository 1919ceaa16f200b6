"""Customers come in and go out: files are read, held against the base, previewed, applied, and written.

columns (what a column is) → resources (which columns there are) → transfer/* (a run, an upload, an export)
"""
