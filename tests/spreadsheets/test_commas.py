import io

import pytest

from spreadsheets import open_table


def rows(text: str):
    with open_table(io.BytesIO(text.encode()), name="a.csv") as table:
        return [
            (row.cells, [problem.code for problem in row.problems], any(problem.is_doubt for problem in row.problems))
            for row in table
        ]


def test_comma_in_an_address_is_read_as_text_and_told():
    assert rows("name,street,city\nRomero,Gran Vía, 1,Madrid\n") == [
        (("Romero", "Gran Vía, 1", "Madrid"), ["comma_in_text"], True)
    ]


@pytest.mark.parametrize("line", ["Romero,Gran Vía,1,Madrid", "Romero,Gran Vía, 1, links,Madrid,Spanien"])
def test_row_that_cannot_be_put_together_is_too_long(line: str):
    assert [codes for _cells, codes, _doubtful in rows(f"name,street,city\n{line}\n")] == [["long_row"]]


def test_row_that_fits_keeps_its_blanks():
    assert rows("name,street,city\nRomero, Gran Vía 1,Madrid\n") == [(("Romero", " Gran Vía 1", "Madrid"), [], False)]
