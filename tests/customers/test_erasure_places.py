"""Each table of the database: how an erased customer goes from it, or why nobody of them stands there.

Read from the database, so that a new table fails here until somebody has said it. What the tables hold in fact is
looked at by test_erasure_everywhere.
"""

from __future__ import annotations

import pytest
from django.db import connection

from customers.erasure.places import Place, places, register, with_the_customer
from locations.inventory import tables
from locations.personal import About
from tests.isolation.database.tables import all_tables

ERASED = {
    "customers_customer": "his row goes",
    "customers_customerevent": "his history goes",
    "customers_card": "his cards go",
    "customers_cardevent": "with their history",
    "customers_customermembership": "to whom he belongs, and who belongs to him",
    "customers_customermembershipevent": "with its history",
    "customers_consent": "what he has said goes",
    "customers_consentevent": "with its history",
    "customers_formernumber": "his former numbers go",
    "customers_formernumberevent": "with their history",
    "customers_disclosednumbers": "his number goes; that somebody was handed over stays (customers_disclosure)",
    "customers_customerexport": "what was searched for goes where it names him",
    "customers_exportchunk": "the bytes go of files in which he is, or of which nobody knows yet",
    "customers_importupload": "a file in which he is, or of which nobody knows, goes; the record of one applied stays",
    "customers_importchunk": "the bytes of such a file go",
    "customers_importrow": "with its rows",
    "customers_importverdict": "and what was told of them; of others what is told about him",
    "customers_importdecision": "as above",
    "customers_importconsent": "as above",
    "customers_importprogress": "as above",
    "customers_bulkchange": "his id goes, and what was typed where it names him",
    "customers_savedfilter": "one that names him goes",
    "customers_savedfilterevent": "with its history",
    "api_keptanswer": "an answer to a till that names him loses its content",
    "clearing_cyclepart": "the bytes go of runs that are done; those of one on its way go when it is",
    "customers_customerrevision": "his number goes, and what was agreed of him; that he is erased stays, by his uid",
    "clearing_conflict": "a conflict about him goes; beside the version of another person only what is his own does",
    "clearing_heldback": "a change of him that is held back goes",
    "accounting_account": "it has no name any more, and nothing is posted to it again",
    "accounting_accountterms": "his terms go",
    "accounting_accounttermsevent": "with their history",
    "accounting_billingterms": "they go",
    "accounting_billingtermsevent": "with their history",
    "accounting_invoice": "it stays as it was issued, as the law wants it for eight years; his id goes from it",
    "accounting_invoicedocument": "as above",
    "accounting_invoiceline": "as above",
    "accounting_runorder": "that an order was billed or left out stays, without him",
    "accounting_movement": "it stays, as the law wants it, and says nothing of him: free texts are emptied",
    "accounting_balanceimport": "a file that is not booked and names him, or may, is discarded; others name nobody",
    "accounting_receivable": "what is open of a movement, which says nothing of him; it goes when that is paid",
    "accounting_allocation": "it stays, and names movements that say nothing of him",
    "accounting_bankentry": "one that was booked to him stays, without what the bank has said of whoever paid",
    "accounting_ledgerexception": "it stays without him, and without what was noted",
    "accounting_paymentorder": "it stays without him, its number and what the till's security device has said",
    "accounting_paymentorderline": "it stays, with its amount and without its text",
    "accounting_mandate": "his mandates go",
    "accounting_branchorder": "it stays without his uid, its number and its texts",
    "accounting_toldterms": "what a branch knows of his account goes",
    "accounting_dunningnotice": "it stays without him",
    "accounting_letter": "that it was mailed stays, without him, the address and what a server has said",
    "accounting_debititem": "it stays without him, his account and his mandate",
    "accounting_debitfilechunk": "the bytes of a file that debits him go; its hash stays",
    "accounting_dispute": "why he disputed an invoice goes",
    "transitions_transitioncustomer": "the decision stays, without him",
    "transitions_withdrawallist": "his number goes",
    "transitions_reviewpage": "his id and number go",
    "transitions_switchedcustomer": "his numbers go; that somebody was taken along stays",
    "privacy_personfile": "that a file about him was made stays, without him",
    "privacy_personfilechunk": "the bytes of such a file go",
    "transitions_packagechunk": "the bytes go of packages in which he is, or of which nobody knows yet",
}
NOBODY = {
    "accounting_accountingswitch": "how locations keep their accounts",
    "accounting_accountingswitchevent": "as above",
    "clearing_cycle": "runs, with figures",
    "clearing_node": "installations",
    "clearing_ownnode": "an installation",
    "clearing_alarm": "of installations",
    "clearing_bulkdecision": "who has decided about a run, with figures",
    "clearing_alarmrecipient": "who of the staff is told",
    "clearing_pairingcode": "keyed hashes",
    "customers_revisioncounter": "figures",
    "customers_customerchange": "which id was changed by which transaction; of him stays an id of nobody",
    "api_webhook": "addresses of programs, and how far they have been told of changes",
    "accounting_bankaccount": "accounts of the business",
    "accounting_bankstatement": "files of the bank: when each was read, by whom of the staff, with figures",
    "accounting_bankfile": "large files of the bank: who of the staff has sent each, gone after a day",
    "accounting_bankfilechunk": "bytes on their way, gone as soon as they are read",
    "accounting_bankbooking": "which movements an entry of the bank has become",
    "accounting_ledger": "whose accounts are kept together",
    "accounting_invoiceitem": "which bookings an invoice asks to be paid",
    "accounting_invoicerun": "runs, with figures",
    "accounting_dunninglevel": "when a business reminds, and what it says",
    "accounting_dunninglevelevent": "with its history",
    "accounting_dunningrun": "runs, with figures",
    "accounting_debitfile": "files for the bank, with figures",
    "accounting_invoicevat": "sums",
    "accounting_issuer": "the business itself",
    "accounting_issuerevent": "as above",
    "accounting_numberseries": "figures",
    "auth_group": "unused",
    "auth_group_permissions": "unused",
    "auth_permission": "rights",
    "customers_consentpurpose": "what a business asks for",
    "customers_consentpurposeevent": "as above",
    "customers_consentrelease": "moments",
    "customers_customercount": "figures",
    "customers_customergroup": "what customers are sorted into",
    "customers_customergroupcount": "figures",
    "customers_customergroupevent": "what customers are sorted into",
    "customers_customermonth": "figures",
    "customers_disclosure": "that customers were handed over, to whom and how many",
    "customers_exportdownload": "who of the staff has fetched a file",
    "customers_headingchoice": "headings of files",
    "customers_numbercounter": "figures",
    "customers_tag": "words for many",
    "customers_tagevent": "as above",
    "customers_tombstone": "what stays of him: an id of nobody, when and why he was erased",
    "customers_tombstonemark": "keyed hashes",
    "transitions_baseswitch": "switches of customer bases, with figures",
    "transitions_baseswitchevent": "as above",
    "transitions_switchstep": "who of the staff has done what",
    "django_admin_log": "unused",
    "django_content_type": "names of tables",
    "django_migrations": "names of migrations",
    "guardian_groupobjectpermission": "unused",
    "guardian_userobjectpermission": "unused",
    "locations_customerbase": "businesses and places",
    "locations_customerbaseevent": "as above",
    "locations_location": "as above",
    "locations_locationevent": "as above",
    "locations_organization": "as above",
    "locations_organizationevent": "as above",
    "locations_legacyswitch": "rules, and why they were lifted",
    "locations_legacyswitchevent": "rules, and why they were lifted",
    "mcp_device": "machines of a location",
    "mcp_deviceevent": "as above",
    "mcp_devicecode": "keyed hashes",
    "mcp_devicepace": "how much a machine has asked lately",
    "mcp_locationgrant": "the staff",
    "mcp_locationgrantevent": "the staff",
    "mcp_loginattempt": "the staff",
    "mcp_mail": "to the staff, as codes",
    "mcp_membership": "the staff",
    "mcp_membershipevent": "the staff",
    "mcp_organizationgrant": "the staff",
    "mcp_organizationgrantevent": "the staff",
    "mcp_passwordlink": "the staff",
    "mcp_restriction": "the staff",
    "mcp_restrictionevent": "the staff",
    "mcp_sentform": "keyed hashes, for a day",
    "mcp_session": "the staff; a message about what somebody has just done is gone with the next page",
    "mcp_user": "the staff",
    "mcp_userevent": "the staff",
    "mcp_usergroup": "the staff",
    "mcp_usergroupevent": "the staff",
    "pghistory_context": "the staff: who has changed something where",
    "privacy_personfiledownload": "who of the staff has fetched such a file",
    "procrastinate_events": "states of tasks",
    "procrastinate_jobs": "tasks, with ids",
    "procrastinate_periodic_defers": "tasks",
    "procrastinate_workers": "tasks",
    "transitions_arrival": "where a package comes from, with figures",
    "transitions_incomingchunk": "bytes on their way, gone as soon as they are taken in",
    "transitions_incomingfile": "the record of such a file",
    "transitions_joiningword": "two businesses",
    "transitions_package": "the record of a package, with figures",
    "transitions_packagedownload": "who of the staff has fetched a package",
    "transitions_transition": "two businesses, with figures",
    "transitions_transitionevent": "as above",
    "transitions_transitionkey": "a key",
    "transitions_transitionstep": "what the staff has done",
}


def test_each_table_is_told():
    assert not ERASED.keys() & NOBODY.keys()


def test_each_table_of_the_database_is_told(db):
    assert all_tables() == ERASED.keys() | NOBODY.keys()


@pytest.mark.django_db
def test_whatever_refers_to_a_customer_is_erased():
    """By a reference of the database, or by a column that is called as one of his."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT conrelid::regclass::text FROM pg_constraint
            WHERE contype = 'f' AND confrelid = 'customers_customer'::regclass
            UNION
            SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT attisdropped AND attname IN (
                'customer_id', 'customer_number', 'customers', 'numbers', 'uid', 'email', 'iban', 'mobile', 'last_name'
            )
        """)
        found = {name for (name,) in cursor.fetchall()}
    of_others = {
        "mcp_user", "mcp_userevent", "accounting_issuer", "accounting_issuerevent", "accounting_bankaccount",
    }  # fmt: skip
    of_nobody = {"customers_tombstone", "customers_customerchange"}
    assert found - of_others - of_nobody <= ERASED.keys()


def test_columns_say_the_same():
    """Where a column is about a customer he stands in the table, but for what says nothing without another row."""
    about = {table.name for table in tables() if any(one.about == About.CUSTOMER for one in table.columns)}
    assert about - ERASED.keys() == {
        "customers_disclosure", "accounting_invoiceitem", "accounting_invoicevat", "accounting_bankfilechunk",
        "transitions_incomingchunk",
    }  # fmt: skip
    assert ERASED.keys() - about == {"customers_importprogress"}  # figures, which go with the file


def test_places_are_told_apart():
    names = [place.name for place in places()]
    assert {
        "conflicts",
        "held_back",
        "cards",
        "consents",
        "history",
        "exports",
        "imports",
        "searches",
        "packages",
        "decisions",
    } <= set(names)
    other = Place(name="cards", label="x", count=lambda customer: 0)
    with pytest.raises(ValueError, match="Two places"):
        register(other)
    assert other.remove is with_the_customer
