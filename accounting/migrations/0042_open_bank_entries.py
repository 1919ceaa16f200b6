"""Open entries of bank statements are counted for the front page without reading those that were decided."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounting", "0041_held_at_issue")]
    operations = [
        migrations.AddIndex(
            model_name="bankentry",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["base", "owner_key"], name="bankentry_open"
            ),
        ),
    ]
