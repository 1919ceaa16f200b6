"""What the tests of the pages of imports share: how somebody goes through them."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from customers import tasks
from customers.imports import lifecycle
from customers.models import Customer, ImportUpload
from locations.models import Location
from locations.permissions import Right
from mcp.central import operations
from mcp.demo import PASSWORD
from mcp.isolation import grants, row_scope
from mcp.isolation.scope import Scope
from mcp.models import User
from tests.customers.transfer import table

IMPORT = "/10400/1/customers/customer/import/"
EXPORT = "/10400/1/customers/customer/export/"
CONTENT = table(["Kundennummer", "Name", "Ort"], [7, "Meier", "Kiel"], [8, "Müller", "Bremen"])
TARGETS = ["customer_number", "last_name", "city"]


class Fresh:
    def __init__(self, log_in: Any) -> None:
        self._log_in = log_in

    def get(self, *args: Any, **more: Any) -> Any:
        return self._log_in().get(*args, **more)

    def post(self, *args: Any, **more: Any) -> Any:
        return self._log_in().post(*args, **more)


def upload(client, content: bytes = CONTENT, name: str = "kunden.csv", address: str = IMPORT) -> str:
    """Upload a file; gives the address of its page."""
    response = client.post(address, {"file": SimpleUploadedFile(name, content)})
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def choose(client, page: str, targets: list[str], **more: str) -> None:
    choices = {"known": "overwrite", "match": "number", **more}
    assert client.post(page, {"step": "columns", "target": targets, **choices}).status_code == 302


def previewed(client, content: bytes = CONTENT, targets: list[str] | None = None, **more: str) -> str:
    page = upload(client, content)
    choose(client, page, targets or TARGETS, **more)
    return page


def confirm(client, page: str, fingerprint: str | None = None) -> None:
    shown = client.get(page).context["fingerprint"] if fingerprint is None else fingerprint
    client.post(page, {"step": "confirm", "fingerprint": shown})


def imported(client, content: bytes = CONTENT, targets: list[str] | None = None, **more: str) -> str:
    page = previewed(client, content, targets, **more)
    confirm(client, page)
    return page


def undo(client, page: str) -> Any:
    client.post(f"{page}undo/", {"step": "undo"})
    return client.get(f"{page}undo/")


def stored() -> ImportUpload:
    return ImportUpload.objects.get()


def people() -> set[tuple[int, str, str]]:
    return set(Customer.objects.values_list("customer_number", "last_name", "city"))


def person(cast, username: str, *rights: Right) -> None:
    scope = cast.scope("anna", "Zentrale")
    group = operations.create_user_group(name=username, actor=scope)
    grants.add_grants(group, [(right, None) for right in rights])
    user = operations.create_user(user=User(username=username), password=PASSWORD, actor=scope)
    operations.set_memberships(user=user, groups=[group], actor=scope)


def _delete_one_staged_row(row: ImportUpload) -> None:
    with row_scope.rows_of(Scope.of_system(row.location, name="test")), connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_import_rows WHERE row_number = 2")
        assert cursor.rowcount == 1


def rejected_file(client, page: str) -> bytes:
    response = client.get(page + "rejected/", headers={"accept-language": "de"})
    assert "kunden-abgelehnt.csv" in response["Content-Disposition"]
    return b"".join(response.streaming_content)


def work(deferred) -> None:
    while deferred:
        task, given = deferred.pop()
        task.func(**given)


def expire() -> None:
    ImportUpload.objects.update(created_at=timezone.now() - lifecycle.LIFETIME)
    tasks.delete_expired_uploads.func(timestamp=0)


def rows_in_table() -> int:
    """Of all bases: as the view shows them to each."""
    count = 0
    for location in Location.objects.select_related("organization", "base"):
        with row_scope.rows_of(Scope.of_system(location, name="test")), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM customers_import_rows")
            count += cursor.fetchone()[0]
    return count
