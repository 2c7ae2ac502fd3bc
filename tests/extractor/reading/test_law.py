"""The law of reading: every row becomes exactly one thing, whatever the kind, the spelling and the damage."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from migrator.base.errors import UsageError
from migrator.base.ids import texts
from migrator.extractor.reading.answers import Answers, Hidden
from migrator.extractor.reading.result import Ask
from tests.extractor.reading.made import KINDS, OLD_KINDS, page, read, xlsx, xml_2003

WIDE = settings(
    phases=[Phase.explicit, Phase.generate], max_examples=150, deadline=None, suppress_health_check=list(HealthCheck)
)
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
"""Where every example starts a process."""

ID_SPELLINGS = (
    "{}",
    "{{{}}}",
    "urn:uuid:{}",
    "crm{}",
    "contacts({})",
    '"{}"',
    "“{}”",
    "\u200b{}\u00a0",
    "https://contoso.crm4.dynamics.com/main.aspx?appid=0a0a0a0a-0000-4000-8000-000000000001&etn=contact&id={}",
    "https://crm/main.aspx?etc=2&id=%7b{}%7d&pagetype=entityrecord",
)
ADDRESS_SPELLINGS = ("{}", "Bo Berg <{}>", "Berg, Bo <{}>", "mailto:{}", '"{}"', "{}.", " {}\u200b", "<{}>")
DAMAGES = (
    "n/a",
    "-",
    "#NV",
    "12345678-",
    "bo@",
    "@x.de",
    "00000000-0000-0000-0000-000000000000",
    "=B2",
    "b@x.de or so",
)


@dataclass(frozen=True)
class Row:
    """One row, and what it has to become."""

    cell: str
    ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    unreadable: bool = False
    blank: bool = False


numbers = st.uuids(version=4).map(str)
mailboxes = st.from_regex(r"[a-zäß][a-z0-9'+_-]{0,8}@[a-z]{1,8}\.(de|example)", fullmatch=True)


@st.composite
def readable_ids(draw: st.DrawFn) -> Row:
    """A row with one id or two."""
    some = draw(st.lists(numbers, min_size=1, max_size=2, unique=True))
    if len(some) > 1:
        return Row("; ".join(some), tuple(some))
    upper = draw(st.booleans())
    return Row(draw(st.sampled_from(ID_SPELLINGS)).format(some[0].upper() if upper else some[0]), tuple(some))


@st.composite
def readable_addresses(draw: st.DrawFn) -> Row:
    """A row with one address or more."""
    some = draw(st.lists(mailboxes, min_size=1, max_size=3))
    if len(some) > 1:
        return Row(draw(st.sampled_from(("; ", ", ", " ", "|"))).join(some), addresses=tuple(some))
    return Row(draw(st.sampled_from(ADDRESS_SPELLINGS)).format(some[0]), addresses=tuple(some))


damaged = st.sampled_from(DAMAGES).map(lambda text: Row(text, unreadable=True))
no_cell = st.just(Row("", unreadable=True))
blank = st.just(Row("", blank=True))


def tables(readable: st.SearchStrategy[Row]) -> st.SearchStrategy[list[Row]]:
    """Tables in which most rows can be read, as somebody exported them."""
    good = st.lists(readable, min_size=3, max_size=12)
    bad = st.lists(damaged | no_cell | blank, max_size=3)
    return st.tuples(good, bad).flatmap(lambda both: st.permutations([*both[0], *both[1]]))


shapes = st.fixed_dictionaries({"titles": st.integers(0, 3), "before": st.integers(0, 2), "after": st.integers(1, 2)})


def grid(rows: list[Row], header: str, titles: int, before: int, after: int) -> tuple[list[list[Any]], int]:
    """The table as cells, with titles over it and columns around the one with the members, and its first row."""
    others = ["Name", "Ort", "Größe", "Bemerkung"]
    lines: list[list[Any]] = [[f"Mitglieder, Blatt {number}"] for number in range(titles)]
    lines.append([*others[:before], header, *others[before : before + after]])
    for number, row in enumerate(rows):
        texts_ = [None] * (before + 1 + after) if row.blank else [f"Text {number}"] * (before + 1 + after)
        lines.append([*texts_[:before], row.cell or None, *texts_[before + 1 :]])
    return lines, titles + 2


def check(lines: list[list[Any]], rows: list[Row], first: int, kind: str, answers: Answers) -> None:
    """Every row became what it is."""
    table = read({**KINDS, **OLD_KINDS}[kind](lines), answers)
    if kind in OLD_KINDS:  # the library leaves out empty rows at the end
        while rows and rows[-1].blank:
            rows = rows[:-1]
    assert not table.questions
    assert table.rows == len(rows)
    first += kind == "sep="
    ids = [(one, first + at) for at, row in enumerate(rows) for one in row.ids]
    found = [(one, first + at) for at, row in enumerate(rows) for one in row.addresses]
    assert list(zip(texts(table.ids), map(int, table.id_rows), strict=True)) == ids
    assert list(zip(table.addresses, map(int, table.address_rows), strict=True)) == found
    assert [one.row for one in table.unreadable] == [first + at for at, row in enumerate(rows) if row.unreadable]
    assert table.empty == sum(row.blank for row in rows)


KEEP = Answers(hidden=Hidden.KEEP)


@pytest.mark.slow
@WIDE
@given(tables(readable_ids()), shapes, st.sampled_from(sorted(KINDS)))
def test_every_row_of_ids_becomes_exactly_one_thing(rows: list[Row], shape: dict[str, int], kind: str) -> None:
    lines, first = grid(rows, "Kundennummer", **shape)
    check(lines, rows, first, kind, Answers())


@pytest.mark.slow
@WIDE
@given(tables(readable_addresses()), shapes, st.sampled_from(sorted(KINDS)))
def test_every_row_of_addresses_becomes_exactly_one_thing(rows: list[Row], shape: dict[str, int], kind: str) -> None:
    lines, first = grid(rows, "Elektropost", **shape)
    check(lines, rows, first, kind, Answers())


@pytest.mark.slow
@FEW
@given(tables(readable_ids()), shapes, st.sampled_from(sorted(OLD_KINDS)))
def test_the_older_kinds_keep_the_law(rows: list[Row], shape: dict[str, int], kind: str) -> None:
    lines, first = grid(rows, "Kundennummer", **shape)
    check(lines, rows, first, kind, KEEP)


@pytest.mark.slow
@WIDE
@given(
    tables(readable_ids()),
    st.data(),
    st.sampled_from([xlsx, page, xml_2003]),
    st.sampled_from(Hidden),
)
def test_hidden_rows_are_asked_about_kept_or_set_aside_and_never_lost(
    rows: list[Row], data: st.DataObject, make: Any, wanted: Hidden
) -> None:
    lines, first = grid(rows, "Kundennummer", 0, 1, 1)
    hidden = data.draw(st.sets(st.integers(first, len(lines)), max_size=len(rows) // 2))
    table = read(make(lines, hidden=hidden), Answers(hidden=wanted))
    filled = {first + at for at, row in enumerate(rows) if not row.blank} & hidden
    assert table.hidden == len(filled)
    assert (table.set_aside, table.waiting) == (
        len(filled) if wanted is Hidden.LEAVE_OUT else 0,
        len(filled) if wanted is Hidden.ASK else 0,
    )
    assert [question.ask for question in table.questions] == (
        [Ask.HIDDEN_ROWS] if filled and wanted is Hidden.ASK else []
    )
    counted = [at for at in range(len(rows)) if wanted is Hidden.KEEP or first + at not in filled]
    assert texts(table.ids) == [one for at in counted for one in rows[at].ids]
    assert len(table.unreadable) == sum(rows[at].unreadable for at in counted)


@WIDE
@given(
    st.lists(numbers, min_size=2, max_size=30, unique=True), st.sampled_from(["A1", "A1:A2", "A1:ZZ999999", "", "B7"])
)
def test_what_a_workbook_says_of_its_size_is_not_believed(ids: list[str], dimension: str) -> None:
    assert texts(read(xlsx([["Id"], *[[one] for one in ids]], dimension=dimension)).ids) == ids


@pytest.mark.slow
@WIDE
@given(
    st.lists(st.tuples(st.booleans(), numbers, mailboxes), min_size=4, max_size=20),
    st.sampled_from(sorted(KINDS)),
)
def test_a_row_without_an_id_is_its_address(people: list[tuple[bool, str, str]], kind: str) -> None:
    assume(any(has for has, _, _ in people))
    lines: list[list[Any]] = [["E-Mail", "Nummer"], *[[mailbox, one if has else None] for has, one, mailbox in people]]
    table = read(KINDS[kind](lines))
    assert texts(table.ids) == [one for has, one, _ in people if has]
    assert list(table.addresses) == [mailbox for has, _, mailbox in people if not has]
    assert table.by_address == sum(not has for has, _, _ in people)


@WIDE
@given(
    st.lists(numbers, min_size=4, max_size=30, unique=True),
    st.data(),
    st.sampled_from("\t;,|"),
)
def test_a_stray_quote_never_swallows_a_row(ids: list[str], data: st.DataObject, delimiter: str) -> None:
    """The file is refused with the line, or every row is there."""
    at = data.draw(st.sets(st.integers(0, len(ids) - 1), min_size=1, max_size=3))
    names = [f"{chr(34) if n in at else ''}Name {n}" for n in range(len(ids))]
    content = f"Name{delimiter}Id\n" + "".join(
        f"{name}{delimiter}{one}\n" for name, one in zip(names, ids, strict=True)
    )
    try:
        table = read(content)
    except UsageError as refused:
        assert f"in line {min(at) + 2:,} a quote" in str(refused)
    else:
        assert Counter(texts(table.ids)) == Counter(ids)


@WIDE
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_file_at_all_is_read_or_refused_with_a_sentence(content: bytes) -> None:
    try:
        read(content, KEEP)
    except UsageError as refused:
        assert "m.csv" in str(refused)


@WIDE
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_a_damaged_file_is_read_or_refused_with_a_sentence(kind: str, data: st.DataObject) -> None:
    made = KINDS[kind]([["Id", "Name"], *[[str(UUID(int=number)), "Bo"] for number in range(1, 9)]])
    content = bytearray(made if isinstance(made, bytes) else made.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(content), KEEP)
    except UsageError as refused:
        assert "m.csv" in str(refused)
