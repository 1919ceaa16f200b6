"""Changes of many customers at once, previewed and undone as imports are.

`changing` is called by the pages and the worker; what each kind of change does stands in `kinds`.
"""
