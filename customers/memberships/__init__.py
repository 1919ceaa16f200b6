"""Who belongs to which company, group or family: joining, changing, ending, and their page.

join_customer(member=, of=, details=, actor=)   makes a customer a member of another one
memberships_in_the_way(cursor, …)   whom of those who are about to go to another base a membership keeps
"""

from customers.memberships.moving import memberships_in_the_way
from customers.memberships.operations import Details, join_customer

__all__ = ["Details", "join_customer", "memberships_in_the_way"]
