"""History of every table that holds business data: each insert, update and delete, bulk writes included.

The triggers that write it run once for each statement (PGHISTORY_LEVEL) and are part of the migrations, so no code has
to call anything.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pghistory
import pghistory.models
import pghistory.trigger
import pgtrigger
from django.conf import settings
from django.db import models

from locations.constraints import KeyWithBase
from locations.fields import TimeOrderedUuid
from locations.row_policies import row_security_of


class ClockTimestamp(models.Func):
    """The time at which it is evaluated, also within a transaction (now() is the time at which that began)."""

    template = "clock_timestamp()"
    output_field = models.DateTimeField()


class HistoryEvent(pghistory.models.Event):
    """A row as it was after a change, or before it was deleted.

    The id is a UUID made by the database: a 32-bit sequence would run out, and all writers would wait for it. It begins
    with the time, so that new rows are added at the end of the index.
    """

    pgh_id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)

    class Meta:
        abstract = True


class TimedEvent(HistoryEvent):
    """An event with the time by the clock, where other events have the time at which their transaction began.

    For tables whose rows are deleted. Rows that hold the time of their last change do not need it.
    """

    pgh_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    class Meta:
        abstract = True


FEW = 50
"""The largest number of changed rows for which the stored plan is used."""


class _RecordUpdate(pghistory.trigger.Event):
    """Records what a statement has changed.

    Where that is more than FEW rows, the insert into the history is planned anew.

    The trigger joins old and new rows, and a session keeps the plan of its first call. A plan that was made for one row
    compares each old row with each new one: twenty thousand changes after the edit of a single row took 92 seconds
    instead of 5. Text that is run by EXECUTE is planned for the rows that are there; planning takes two milliseconds,
    so a change of few rows does without.
    """

    def get_func(self, model: Any) -> pgtrigger.Func:  # a model class; pgtrigger's own annotation says an instance
        whole: pgtrigger.Func = super().get_func(model)
        if self.level != pgtrigger.Statement:
            return whole
        statement = whole.func.removesuffix("RETURN NULL;").rstrip().removesuffix(";")
        return pgtrigger.Func(
            f"PERFORM FROM new_values OFFSET {FEW}; IF FOUND THEN EXECUTE $many${statement}$many$; "
            f"ELSE {statement}; END IF; RETURN NULL;"
        )


class _UpdateEvent(pghistory.UpdateEvent):
    def add_event_trigger(self, event_model: type[HistoryEvent]) -> None:
        trigger = _RecordUpdate(
            event_model=event_model, label=self.label, name=self.trigger_name, row=self.row, operation=self.operation,
            condition=self.condition, level=self.level,
        )  # fmt: skip
        pgtrigger.register(trigger)(event_model.pgh_tracked_model)


WRITTEN_BY_TRIGGERS = pgtrigger.Trigger(
    name="written_by_triggers",
    level=settings.TRIGGER_LEVEL,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    condition=pgtrigger.Condition("pg_trigger_depth() = 0"),
    func="""
        RAISE EXCEPTION 'A history is written by what happens, and by nobody'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_written_by_triggers';
    """,
)
"""What the history says has happened: a statement of somebody's own adds nothing to it.

By it customers are deleted where an import is undone, and old states come back.
"""


def keep_history[M: models.Model](
    *,
    exclude: list[str] | None = None,
    is_searched: bool = True,
    indexes: Sequence[models.Index] = (),
    base_model: type[models.Model] = HistoryEvent,
) -> Callable[[type[M]], type[M]]:
    """Class decorator: record each change of the model's rows, deletes included, in a model named `<Model>Event`.

    `exclude` names fields that are never recorded, such as a password. `is_searched` says whether the history is
    searched by the foreign keys of its rows; False leaves out the indexes for that, which are too expensive where
    millions of rows are written. `indexes` are added to the history. `base_model` is the abstract model of its rows.
    The history has the row security of the model.
    """

    def decorate(model: type[M]) -> type[M]:
        # Named here, not in PGHISTORY_DEFAULT_TRACKERS: that setting is deep-copied, and a copied operation is
        # no longer equal to the one that pgtrigger compares it with.
        trackers = pghistory.InsertEvent(), _UpdateEvent(), pghistory.DeleteEvent()
        name, rows = f"{model.__name__}Event", row_security_of(model)
        meta: dict[str, list[object]] = {"triggers": [WRITTEN_BY_TRIGGERS]}
        if rows:
            meta["constraints"] = [rows.named(f"{name.lower()}_rows")]
        if rows and "base" in rows.fields:
            meta["constraints"].append(KeyWithBase(name=f"{name.lower()}_key"))
        if indexes:
            meta["indexes"] = [*indexes]
        track = pghistory.track(*trackers, exclude=exclude, model_name=name, base_model=base_model, meta=meta)
        tracked = track(model)
        if not is_searched:
            _leave_unindexed(tracked.pgh_event_models)
        return tracked

    return decorate


def _leave_unindexed(event_models: dict[str, type[models.Model]]) -> None:
    for event_model in set(event_models.values()):
        for field in event_model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and not field.name.startswith("pgh_"):
                field.db_index = False  # type: ignore[attr-defined]
