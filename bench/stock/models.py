"""The customers' table once more, as a plain Django model would have it: no scope, no search text."""

from django.db import models


class StockCustomer(models.Model):
    base_id = models.BigIntegerField()
    customer_number = models.PositiveIntegerField()
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    company = models.CharField(max_length=160, blank=True)
    street = models.CharField(max_length=160, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    phone_private = models.CharField(max_length=60, blank=True)
    mobile = models.CharField(max_length=60, blank=True)
    memo = models.TextField(blank=True)

    class Meta:
        managed = False
        db_table = "customers_customer"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"
