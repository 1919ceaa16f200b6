"""The tables of libraries: what their columns say of people. Tables of ours say it at their models."""

from __future__ import annotations

from locations.personal import Declaration, said

_OF_QUEUE: dict[str, Declaration] = {
    "workers": said(technical="last_heartbeat"),
    "jobs": said(
        keys="args lock queueing_lock",
        technical="queue_name task_name priority status scheduled_at attempts abort_requested",
    ),
    "events": said(technical="type at"),
    "periodic_defers": said(technical="task_name defer_timestamp periodic_id"),
}
"""By what follows the name of the queue."""

TABLES: dict[str, Declaration] = {
    "django_migrations": said(keys="id", technical="app name applied"),
    "django_content_type": said(technical="app_label model"),
    "django_admin_log": said(
        is_of_staff=True, behaviour="action_time object_id object_repr action_flag change_message"
    ),
    "auth_permission": said(technical="name codename"),
    "auth_group": said(technical="name"),
    "auth_group_permissions": said(),
    "guardian_userobjectpermission": said(technical="object_pk"),
    "guardian_groupobjectpermission": said(technical="object_pk"),
    "pghistory_context": said(
        is_of_staff=True, technical="created_at updated_at", behaviour="metadata", keys="transaction"
    ),
    **{f"procrastinate_{name}": declaration for name, declaration in _OF_QUEUE.items()},
}
"""By the name of the table."""
