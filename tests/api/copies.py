"""What a till keeps that follows the feed, and the list that it should be the same as."""

from __future__ import annotations

from typing import Any

from tests.api.asking import Till


class Copy:
    """What a till keeps: customers by their ids, and where it goes on."""

    def __init__(self, till: Till, limit: int = 2) -> None:
        self.till, self.limit, self.next = till, limit, ""
        self.customers: dict[int, dict[str, Any]] = {}

    def read(self) -> list[tuple[int, str]]:
        """Apply all that there is; gives what came."""
        came: list[tuple[int, str]] = []
        while True:
            answer = self.till.get(f"customers?after={self.next}&limit={self.limit}")
            assert answer.status_code == 200, answer.content
            said = answer.json()
            for one in said["changes"]:
                came.append((one["id"], one["state"]))
                self.customers.pop(one["id"], None)
                if one["customer"] is not None:
                    self.customers[one["id"]] = one["customer"]
            self.next = said["next"]
            if not said["has_more"]:
                return came


def listed(till: Till) -> dict[int, dict[str, Any]]:
    said = till.get("customers?state=all&limit=200").json()
    assert said["next"] is None
    return {one["id"]: one for one in said["customers"]}
