import io

import pytest

from spreadsheets import Overrules, UnreadableFile, open_table


def headings(content: bytes, encoding: str) -> tuple[str, ...]:
    with open_table(io.BytesIO(content), name="a.csv", overrules=Overrules(encoding=encoding)) as table:
        return table.headings


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_read_when_chosen(encoding: str):
    order = "utf-16-be" if encoding == "utf-16-be" else "utf-16-le"
    assert headings("Name;Ort\nÄnne;Köln\n".encode(order), encoding) == ("Name", "Ort")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wrongly_chosen_encoding_is_refused(encoding: str):
    with pytest.raises(UnreadableFile):
        headings(b"Name;Ort\nAnne;Bonn\n1;", encoding)
