"""The same import and export from the command line."""

import hashlib
import json
from contextlib import nullcontext

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from customers.models import Customer
from mcp.stored_sentences import Sentences
from tests.customers.people import customer
from tests.customers.transfer import GERMAN, NORTHWIND, events_of, table, with_numbers


def run(capsys, *arguments: object) -> dict[str, object]:
    call_command("import_customers", *map(str, arguments), "--json")
    summary: dict[str, object] = json.loads(capsys.readouterr().out)
    for name in ("seconds", "import", "free_numbers"):
        summary.pop(name)
    return summary


def at(account: int, client: int) -> list[str]:
    return ["--account", str(account), "--client", str(client)]


def test_import_prints_its_summary(cast, capsys):
    assert run(capsys, *at(10400, 1), NORTHWIND) == {
        "read": 91, "created": 91, "changed": 0, "unchanged": 0, "rejected": 0, "consents": 0,
    }  # fmt: skip
    assert Customer.objects.in_base(cast.location("Zentrale").base).count() == 91
    assert not Customer.objects.in_base(cast.location("Zentrale", 20800).base).exists()


@pytest.mark.parametrize("is_dry", [True, False])
def test_free_numbers_before_the_import_are_told(cast, capsys, tmp_path, is_dry):
    file = tmp_path / "kunden.csv"
    file.write_bytes(table(["Name"], ["Meier"], ["Müller"]))
    scope = cast.scope("anna", "Zentrale")
    customer(scope, last_name="Muster")
    location = scope.location
    first, last = location.first_number, location.last_number
    arguments = [*at(10400, 1), str(file), *(["--dry-run"] if is_dry else [])]
    call_command("import_customers", *arguments)
    sentence = f"Of the numbers of this location ({first} to {last}) {last - first} are free"
    assert (sentence in capsys.readouterr().out) == is_dry
    call_command("import_customers", *arguments, "--json")
    assert json.loads(capsys.readouterr().out)["free_numbers"] == last - first - (0 if is_dry else 2)


def test_question_says_how_many_numbers_are_free(cast, capsys, tmp_path, monkeypatch):
    file = tmp_path / "kunden.csv"
    file.write_bytes(table(["Name"], ["Meier"]))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_customers", *at(10400, 2), str(file))
    told = capsys.readouterr().err
    location = cast.location("Hamburg")
    assert told.startswith("1 rows: 1 new, 0 changed, 0 unchanged, 0 rejected. Of the numbers of this location ")
    assert f"{location.last_number - location.first_number + 1} are free: so many new customers" in told


def test_new_rows_for_which_the_free_numbers_do_not_suffice_are_told_before_anything_is_written(cast, capsys, tmp_path):
    """A row that brings a number takes one of them as well."""
    hamburg = with_numbers(cast, "Hamburg", 3)
    file = tmp_path / "kunden.csv"
    rows: list[list[object]] = [["", "A"], [hamburg.first_number + 1, "B"], ["", "C"], ["", "D"]]
    file.write_bytes(table(["Kundennummer", "Name"], *rows))
    call_command("import_customers", *at(10400, 2), str(file), "--dry-run")
    sentence = "3 of the new rows bring no customer number, and only 2 are free for them."
    assert sentence in capsys.readouterr().err
    with pytest.raises(CommandError, match="is used up"):
        call_command("import_customers", *at(10400, 2), str(file))
    assert sentence in capsys.readouterr().err
    assert not Customer.objects.exists()
    file.write_bytes(table(["Kundennummer", "Name"], *rows[:3]))
    call_command("import_customers", *at(10400, 2), str(file))
    assert capsys.readouterr().err == ""
    assert Customer.objects.count() == 3


def test_import_records_the_command_and_the_file(cast, capsys):
    run(capsys, *at(10400, 1), GERMAN)
    event = events_of(Customer.objects.get(customer_number=7)).get()
    assert event.pgh_context.metadata["user_name"] == "import_customers"
    assert str(Sentences(event.pgh_context.metadata["reason"])) == "Import of kunden_de.csv"


def test_dry_run_writes_nothing(cast, capsys):
    assert run(capsys, *at(10400, 1), GERMAN, "--dry-run")["created"] == 50
    assert not Customer.objects.exists()


def test_rejected_rows_are_listed_and_give_an_exit_code(cast, capsys, tmp_path):
    file = tmp_path / "kunden.csv"
    file.write_bytes(table(["Name", "Geburtsdatum"], ["Meier", "gestern"], ["Müller", ""]))
    with pytest.raises(SystemExit) as end:
        call_command("import_customers", *at(10400, 1), str(file), "--json")
    assert end.value.code == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["rejected"] == 1
    assert printed.err.startswith("Row 2, Geburtsdatum = 'gestern': ")
    assert Customer.objects.get().last_name == "Müller"


def test_what_becomes_no_statement_is_listed(cast, capsys, tmp_path):
    file = tmp_path / "kunden.csv"
    file.write_bytes(table(["Name", "Newsletter", "Newsletter am"], ["Meier", "", "01.05.2024"], ["Müller", "ja", ""]))
    call_command("import_customers", *at(10400, 1), str(file), "--json")
    printed = capsys.readouterr()
    assert json.loads(printed.out)["consents"] == 1
    assert "Row 2, Newsletter am = '1 May 2024': No yes or no goes with this day." in printed.err


def test_unknown_column_is_named_and_can_be_mapped_or_left_out(cast, capsys, tmp_path):
    file = tmp_path / "kunden.csv"
    file.write_bytes(table(["Name", "Farbe", "Spitzname 2"], ["Meier", "blau", "Mei"]))
    with pytest.raises(CommandError, match="“Farbe”, “Spitzname 2”"):
        call_command("import_customers", *at(10400, 1), str(file))
    run(capsys, *at(10400, 1), file, "--ignore", "Farbe", "--map", "Spitzname 2=alias")
    assert Customer.objects.get().alias == "Mei"


@pytest.mark.parametrize(
    ("choice", "counts"),
    [(None, (2, 0, 0, 0)), ("new", (2, 0, 0, 0)), ("same", (0, 2, 0, 0)), ("leave", (0, 0, 0, 2))],
)
def test_similar_customers_are_told_and_decided_about(cast, capsys, tmp_path, choice, counts):
    """A row that is left out counts as rejected, which ends with 1 as every rejected row does."""
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    before.write_bytes(table(["Name", "E-Mail"], ["Meier", "m@example.com"], ["Müller", "n@example.com"]))
    after.write_bytes(
        table(["Name", "E-Mail", "Ort"], ["Meier", "m@example.com", "Bonn"], ["Müller", "n@example.com", "Ulm"])
    )
    run(capsys, *at(10400, 1), before)
    arguments = [*at(10400, 1), str(after), *(["--similar", choice] if choice else []), "--json"]
    with pytest.raises(SystemExit) if choice == "leave" else nullcontext():
        call_command("import_customers", *arguments)
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    assert tuple(summary[name] for name in ("created", "changed", "unchanged", "rejected")) == counts
    assert ("2 of the new rows look like a customer who is known already" in printed.err) == (choice is None)


def test_similar_customers_are_decided_about_by_a_list(cast, capsys, tmp_path):
    before, after, similar = tmp_path / "before.csv", tmp_path / "after.csv", tmp_path / "similar.xlsx"
    before.write_bytes(table(["Name", "E-Mail"], ["Meier", "m@example.com"], ["Müller", "n@example.com"]))
    after.write_bytes(
        table(["Name", "E-Mail", "Ort"], ["Meier", "m@example.com", "Bonn"], ["Müller", "n@example.com", "Ulm"])
    )
    run(capsys, *at(10400, 1), before)
    run(capsys, *at(10400, 1), after, "--dry-run", "--similar-list", similar)
    book = openpyxl.load_workbook(similar)
    sheet = book.worksheets[0]
    column = next(cell.column for cell in sheet[1] if cell.value == "Decision")
    sheet.cell(row=2, column=column, value="the same person")
    book.save(similar)
    summary = run(capsys, *at(10400, 1), after, "--decisions", similar, "--similar", "new")
    assert (summary["created"], summary["changed"]) == (1, 1)
    assert [one.city for one in Customer.objects.filter(last_name="Meier")] == ["Bonn"]
    assert sorted(one.city for one in Customer.objects.filter(last_name="Müller")) == ["", "Ulm"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--map", "Name=base"], "no field “base”"),
        (["--ignore", "Vorname"], "no column “Vorname”"),
    ],
)
def test_wrong_choices_are_refused_with_a_sentence(cast, tmp_path, arguments, sentence):
    file = tmp_path / "kunden.csv"
    file.write_bytes(table(["Name"], ["Meier"], ["Müller"]))
    with pytest.raises(CommandError, match=sentence):
        call_command("import_customers", *at(10400, 1), str(file), *arguments)


def test_place_that_does_not_exist_is_refused(cast):
    with pytest.raises(CommandError, match="no open location 99 in the business 10400"):
        call_command("import_customers", *at(10400, 99), str(GERMAN))


def test_file_that_does_not_exist_is_refused(cast, tmp_path):
    with pytest.raises(CommandError, match="cannot be read") as refusal:
        call_command("import_customers", *at(10400, 1), str(tmp_path / "none.csv"))
    assert refusal.value.returncode == 2  # a script tells it from rejected rows


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl"])
def test_export_and_import_again_change_nothing(cast, capsys, tmp_path, ending):
    run(capsys, *at(10400, 1), GERMAN)
    file = tmp_path / f"kunden.{ending}"
    call_command("export_customers", *at(10400, 1), "--output", str(file), "--json")
    told = json.loads(capsys.readouterr().out)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert told == {"read": 50, "seconds": told["seconds"], "sha256": sha256, "incomplete": False}
    assert list(tmp_path.iterdir()) == [file]
    assert run(capsys, *at(10400, 1), file)["unchanged"] == 50


def test_export_takes_columns_and_refuses_unknown_ones(cast, capsys, tmp_path):
    run(capsys, *at(10400, 1), GERMAN)
    file = tmp_path / "kunden.csv"
    call_command("export_customers", *at(10400, 1), "--output", str(file), "--columns", "city,customer_number")
    assert file.read_text().splitlines()[:2] == ['\ufeff"Kundennummer";"Ort"', "1;Halle (Saale)"]
    with pytest.raises(CommandError, match="no column “base”"):
        call_command("export_customers", *at(10400, 1), "--output", str(file), "--columns", "base")


def test_export_without_a_format_is_refused(cast, tmp_path):
    with pytest.raises(CommandError, match="does not say its format"):
        call_command("export_customers", *at(10400, 1), "--output", str(tmp_path / "kunden.txt"))


def test_export_that_breaks_off_leaves_the_file_before_and_says_so(cast, capsys, tmp_path, monkeypatch):
    file = tmp_path / "kunden.csv"
    file.write_bytes(b"the export of yesterday")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("customers.management.commands.export_customers.os.fsync", full)
    with pytest.raises(CommandError, match="No space left on device"):
        call_command("export_customers", *at(10400, 1), "--output", str(file), "--json")
    assert json.loads(capsys.readouterr().out)["incomplete"] is True
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(file.name, b"the export of yesterday")]
