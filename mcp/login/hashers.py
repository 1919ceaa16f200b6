"""The hash by which passwords are stored."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the parameters that OWASP recommends (19 MiB, two passes, one lane): about 30 ms.

    Django's default takes 100 MB for each hash, too much for a small server on which several people log in at once.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
