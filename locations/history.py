"""History of every table that holds business data: insert, update and delete, bulk writes included.

The triggers are statement level (see PGHISTORY_LEVEL) and live in the migrations; nobody has to remember them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pghistory
import pghistory.models
import pghistory.trigger
import pgtrigger
from django.db import models

from locations.constraints import KeyWithBase
from locations.fields import TimeOrderedUuid
from locations.row_policies import row_security_of


class ClockTimestamp(models.Func):
    """Now by the clock, also within a transaction."""

    template = "clock_timestamp()"
    output_field = models.DateTimeField()


class HistoryEvent(pghistory.models.Event):
    """What a row looked like after a change (after a delete: before it).

    The id is a UUID given by the database: a sequence would be a bottleneck and, at 32 bits, run out. It begins with
    the time, so that bulk writes fill an index from its end.
    """

    pgh_id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)

    class Meta:
        abstract = True


class TimedEvent(HistoryEvent):
    """An event that says by the clock when it happened, and not only when its transaction began.

    For rows that are removed again: those that tell by themselves when they were changed need it not.
    """

    pgh_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    class Meta:
        abstract = True


FEW = 50
"""Of so many rows it does not matter how old and new ones are put together."""


class _RecordUpdate(pghistory.trigger.Event):
    """Records what a statement has changed, with a plan of its own where that is more than FEW rows.

    The trigger joins old and new rows. A session keeps the plan of its first call, and one that was made for a single
    row compares each old row with each new one: twenty thousand changes after one edit took a minute and a half. What
    is executed as text is planned for the rows that are there. That costs two milliseconds, which a single edit is
    spared.
    """

    def get_func(self, model: Any) -> pgtrigger.Func:
        whole: pgtrigger.Func = super().get_func(model)
        if self.level != pgtrigger.Statement:
            return whole
        statement = whole.func.removesuffix("RETURN NULL;").rstrip().removesuffix(";")
        return pgtrigger.Func(
            f"PERFORM FROM new_values OFFSET {FEW}; IF FOUND THEN EXECUTE $many${statement}$many$; "
            f"ELSE {statement}; END IF; RETURN NULL;"
        )


class _UpdateEvent(pghistory.UpdateEvent):
    def add_event_trigger(self, event_model: Any) -> None:
        trigger = _RecordUpdate(
            event_model=event_model, label=self.label, name=self.trigger_name, row=self.row, operation=self.operation,
            condition=self.condition, level=self.level,
        )  # fmt: skip
        pgtrigger.register(trigger)(event_model.pgh_tracked_model)


def keep_history[M: models.Model](
    *,
    exclude: list[str] | None = None,
    is_searched: bool = True,
    indexes: Sequence[models.Index] = (),
    base_model: Any = HistoryEvent,
) -> Callable[[type[M]], type[M]]:
    """Class decorator: record each change of the model's rows, deletes included, for whom the rows exist.

    `exclude` names fields that never belong into a history, such as a password. `is_searched` says whether the
    history is looked through by what its rows refer to; where millions of rows are written, those indexes cost more
    than they give. `indexes` are those that it then needs all the same.
    """

    def decorate(model: type[M]) -> type[M]:
        # Named here, not in PGHISTORY_DEFAULT_TRACKERS: that setting is deep-copied, and a copied operation is
        # no longer equal to the one that pgtrigger compares it with.
        trackers = pghistory.InsertEvent(), _UpdateEvent(), pghistory.DeleteEvent()
        name, rows = f"{model.__name__}Event", row_security_of(model)
        meta: dict[str, Any] = {"constraints": [rows.named(f"{name.lower()}_rows")]} if rows else {}
        if rows and "base" in rows.fields:
            meta["constraints"].append(KeyWithBase(name=f"{name.lower()}_key"))
        if indexes:
            meta["indexes"] = list(indexes)
        tracked: Any = pghistory.track(*trackers, exclude=exclude, model_name=name, base_model=base_model, meta=meta)(
            model
        )
        if not is_searched:
            _leave_unindexed(tracked.pgh_event_models)
        return tracked

    return decorate


def _leave_unindexed(event_models: dict[str, type[models.Model]]) -> None:
    for event_model in set(event_models.values()):
        for field in event_model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and not field.name.startswith("pgh_"):
                field.db_index = False  # type: ignore[attr-defined]
