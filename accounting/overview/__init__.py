"""What is open in the accounts of all customers on a day, by how long it has been overdue.

question = Question.of(actor=scope, day=day, location=3, age=AgeClass.OVER_60)
found = per_customer(question, sort="-total", page=1)
found.rows, found.places, found.total
items_of(question, page=1)

questions → reading → totals            what is asked, the statement, and its answer for each customer, place and all
"""

from accounting.overview.questions import NARROWED_BY, Question
from accounting.overview.reading import SORTS, Aged, Item, Items, Overview, Owing, Place, items_of, per_customer

__all__ = [
    "NARROWED_BY", "SORTS", "Aged", "Item", "Items", "Overview", "Owing", "Place", "Question", "items_of",
    "per_customer",
]  # fmt: skip
