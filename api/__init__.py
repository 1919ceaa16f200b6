"""The API of tills and other programs: customers, what they agree to, their cards.

    /<account_number>/<client_number>/api/v1/…      served by api/door.py, before anything that belongs to people

Everything that is written goes through the operations of the customers, as pages do. docs/api.md is for whoever writes
a till; docs/api/openapi.json describes each address.
"""
