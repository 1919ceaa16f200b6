"""Starting Stammhaus: the embedded PostgreSQL, the checks of the database, the web server and the worker.

Knows neither Django nor the apps: everything here runs before them.
"""
