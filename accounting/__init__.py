"""Accounts of customers: what they owe, what they have paid in advance, and every movement that made it so."""
