"""PostgreSQL's own extensions. All of them are trusted: the owner of the database may create them."""

from django.contrib.postgres.operations import (
    BtreeGinExtension,
    BtreeGistExtension,
    TrigramExtension,
    UnaccentExtension,
)
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []
    operations = [BtreeGistExtension(), BtreeGinExtension(), TrigramExtension(), UnaccentExtension()]
