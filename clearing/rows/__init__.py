"""Customers of a base 1.0 between the tables and the records that travel; the same at both sides.

arrays        ids as one text for the database
values_sql    how the values of a customer are read, in the spelling of the protocol
reading       versions of customers, by uid or by number
writing       versions are written, in blocks; what a rule refuses is found out and left alone
statements    what customers have said
vocabulary    groups and tags
revisions     which revision both sides have, and which changes are newer
"""
