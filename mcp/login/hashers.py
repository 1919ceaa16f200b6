"""How passwords are stored."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the parameters that OWASP recommends (19 MiB, two passes, one lane): about 30 ms.

    Django's own take 100 MB a hash, which a small server has not got for several people at once.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
