"""Rules across rows of this floor, kept by the database on every path."""

import pgtrigger

GRANT_ORGANIZATION = pgtrigger.Trigger(
    name="a_organization",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func="""
        IF NEW.organization_id IS NULL THEN
            SELECT organization_id INTO NEW.organization_id FROM mcp_usergroup WHERE id = NEW.group_id;
        END IF;
        RETURN NEW;
    """,
)
"""A grant written by guardian, which knows no organization, gets that of its user group."""


def permission_of(model: str) -> pgtrigger.Trigger:
    """A grant's permission is one of the right catalogue of the thing that it is granted on, and of nothing else."""
    return pgtrigger.Trigger(
        name="c_permission_of_place",
        operation=pgtrigger.Insert | pgtrigger.Update,
        when=pgtrigger.Before,
        func=f"""
            IF NOT EXISTS (
                SELECT FROM auth_permission JOIN django_content_type AS kind ON kind.id = content_type_id
                WHERE auth_permission.id = NEW.permission_id AND kind.app_label = 'locations' AND kind.model = '{model}'
            ) THEN
                RAISE EXCEPTION 'Permission % is not a right of the catalogue', NEW.permission_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_permission_of_place';
            END IF;
            RETURN NEW;
        """,
    )


OWNED_GROUP_STAYS_HOME = pgtrigger.Trigger(
    name="b_owned_group_stays_home",
    operation=pgtrigger.Insert | pgtrigger.Update,
    when=pgtrigger.Before,
    declare=[("owner", "bigint")],
    func="""
        SELECT owner_id INTO owner FROM mcp_usergroup WHERE id = NEW.group_id;
        IF owner IS NOT NULL AND owner <> NEW.content_object_id THEN
            RAISE EXCEPTION 'A user group of a location can hold rights at that location only'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_owned_group_stays_home';
        END IF;
        RETURN NEW;
    """,
)

OWNED_GROUP_NOT_EVERYWHERE = pgtrigger.Trigger(
    name="b_owned_group_not_everywhere",
    operation=pgtrigger.Insert | pgtrigger.Update,
    when=pgtrigger.Before,
    func="""
        IF EXISTS (SELECT FROM mcp_usergroup WHERE id = NEW.group_id AND owner_id IS NOT NULL) THEN
            RAISE EXCEPTION 'A user group of a location cannot hold rights at all locations'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_owned_group_not_everywhere';
        END IF;
        RETURN NEW;
    """,
)

RESTRICTION_RULES = pgtrigger.Trigger(
    name="rules",
    operation=pgtrigger.Insert | pgtrigger.Update,
    when=pgtrigger.Before,
    func="""
        IF NOT EXISTS (SELECT FROM locations_location WHERE id = NEW.location_id AND is_franchise) THEN
            RAISE EXCEPTION 'Only an independent franchisee can restrict user groups'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'restriction_only_franchise';
        END IF;
        IF EXISTS (SELECT FROM mcp_usergroup WHERE id = NEW.group_id AND owner_id = NEW.location_id) THEN
            RAISE EXCEPTION 'A restriction is for the groups of the central, not for the location''s own'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'restriction_not_own_group';
        END IF;
        RETURN NEW;
    """,
)

PASSWORD_CHANGED = pgtrigger.Trigger(
    name="password_changed",
    operation=pgtrigger.UpdateOf("password"),
    when=pgtrigger.Before,
    condition=pgtrigger.Q(old__password__df=pgtrigger.F("new__password")),
    func="NEW.password_changed_at := statement_timestamp(); RETURN NEW;",
)
"""A password leaves no trace in the history, but that somebody has changed it does, with who it was."""

SESSIONS_END = pgtrigger.Trigger(
    name="sessions_end",
    operation=pgtrigger.UpdateOf("is_active", "password"),
    when=pgtrigger.After,
    condition=pgtrigger.Q(new__is_active=False) | pgtrigger.Q(old__password__df=pgtrigger.F("new__password")),
    func="DELETE FROM mcp_session WHERE user_id = NEW.id; RETURN NULL;",
)
"""Whoever is deactivated, or has another password, is logged in nowhere any more, on whatever path that was done."""
