"""Files on their way into a base: kept in the database for a day, so that any web process or worker can go on."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import locations.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0003_primary_key_with_base"),
        ("locations", "0002_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportUpload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created"
                    ),
                ),
                ("name", models.CharField(max_length=255, verbose_name="file")),
                ("sha256", models.CharField(max_length=64)),
                ("content", models.BinaryField()),
                ("rows", models.PositiveIntegerField(verbose_name="rows")),
                ("choices", models.JSONField(default=dict)),
                ("preview", models.JSONField(null=True)),
                ("result", models.JSONField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "Uploaded"),
                            ("checking", "Being checked"),
                            ("checked", "Checked"),
                            ("applying", "Being imported"),
                            ("applied", "Imported"),
                            ("failed", "Failed"),
                        ],
                        default="uploaded",
                        max_length=10,
                    ),
                ),
                ("state_since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("failure", models.TextField(blank=True, default="")),
                (
                    "base",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="locations.customerbase"
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="locations.location"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="locations.organization"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "default_permissions": (),
                "indexes": [models.Index(fields=["created_at"], name="importupload_by_created")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["uploaded", "checking", "checked", "applying", "applied", "failed"])
                        ),
                        name="importupload_state_known",
                    ),
                    locations.constraints.CompositeForeignKey(
                        fields=("organization", "base"),
                        name="importupload_base_of_organization",
                        to="locations.CustomerBase",
                        to_fields=("organization", "id"),
                    ),
                    locations.constraints.CompositeForeignKey(
                        fields=("organization", "location"),
                        name="importupload_location_of_organization",
                        to="locations.Location",
                        to_fields=("organization", "id"),
                    ),
                ],
            },
        ),
    ]
