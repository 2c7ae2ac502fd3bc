"""What reading gives says of itself whether every row is accounted for."""

from __future__ import annotations

from migrator.extractor.reading.result import Column, Container, Kind, Table, Unreadable


def test_a_table_is_accounted_for_when_each_row_became_exactly_one_thing() -> None:
    table = Table(
        "m.csv",
        Container.TEXT,
        rows=7,
        rows_with_ids=1,
        rows_with_addresses=2,
        empty=1,
        set_aside=1,
        waiting=1,
        unreadable=(Unreadable(4, "n/a", "neither an id nor an address"),),
    )
    assert table.accounted
    assert not Table("m.csv", Container.TEXT, rows=7, rows_with_ids=6).accounted


def test_a_column_is_called_as_excel_shows_it() -> None:
    assert [Column(at, "", Kind.ID).letter for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
