"""The note beside the tables of consent: read as it was written, or refused with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrator.base.errors import UsageError
from migrator.contracts.consent import NOTE, ConsentRead, contact_table, read_note, write_note

READ = ConsentRead(1, "an id", "2026-01-01T00:00:00Z", "a checksum", "emailaddress2", 12, None, ("Topics: 403.",))


def test_a_note_is_read_as_it_was_written_and_none_where_nothing_was_read(tmp_path: Path) -> None:
    assert read_note(tmp_path) is None
    write_note(tmp_path, READ)
    assert read_note(tmp_path) == READ
    assert (tmp_path / NOTE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}'])
def test_a_damaged_note_says_how_to_read_again(tmp_path: Path, content: str) -> None:
    write_note(tmp_path, READ)
    (tmp_path / NOTE).write_text(content)
    with pytest.raises(UsageError, match=r"reach\.json is damaged\. Delete it, and read again with: .*--again"):
        read_note(tmp_path)


def test_a_newer_note_is_refused(tmp_path: Path) -> None:
    write_note(tmp_path, READ)
    (tmp_path / NOTE).write_text(json.dumps({**json.loads((tmp_path / NOTE).read_text()), "format": 2}))
    with pytest.raises(UsageError, match="newer"):
        read_note(tmp_path)


def test_contacts_are_read_with_the_address_that_is_written_to() -> None:
    assert {"contactid", "donotemail", "donotbulkemail", "statecode", "emailaddress1", "emailaddress2"} == set(
        contact_table("emailaddress2").columns
    )
    assert len(contact_table("emailaddress1").columns) == 5
