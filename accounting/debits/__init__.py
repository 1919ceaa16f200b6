"""SEPA debits: the mandates of customers, and the files that collect what they owe."""
