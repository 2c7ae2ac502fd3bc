"""A copy of an export without the ids and names of people, for whoever helps with the migration.

Each id of a contact becomes another one, the same everywhere in the copy, by a key that is made for the occasion and
kept nowhere: nobody can go back, also not we. Counts, overlaps, queries and names of segments stay, so that translating
and reporting give the same numbers.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from migrator.base.errors import UsageError
from migrator.base.ids import Ids, packed, texts, unpacked
from migrator.contracts.export_folder import (
    METADATA,
    SEGMENTS,
    ExportWriter,
    OrganisationRef,
    member_reader,
    read_export,
)
from migrator.extractor.organisation import ids_in_row
from migrator.mql.schema import schema_from_json

_NAME_OF_PERSON = re.compile(r"_(?:createdby|modifiedby|owner\w*|createdonbehalfby|modifiedonbehalfby)\w*_value")
_NOT_PERSONS = "_owningbusinessunit_value"


def redact(source: Path, target: Path) -> int:
    """Write a copy of the export `source` to `target`; gives how many ids became others.

    Tables with people in them are left out, and so are lists of addresses. Queries stay as they are: where a query
    names a person, so does the copy.

    Raises:
        UsageError: `source` is no whole export, or `target` is there already.
    """
    export = read_export(source)
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"The folder {target} is there already, and not empty. Name another one.")
    other = _pseudonyms()
    writer = ExportWriter(
        target, OrganisationRef(export.organisation.id, export.organisation.url), _extracted_at(source)
    )
    rows = [json.loads(line) for line in (source / SEGMENTS).read_text(encoding="utf-8").splitlines()]
    writer.segments([_row(row, other) for row in rows])
    read, changed = member_reader(source), 0
    for segment in export.segments:
        members = export.members[segment.id]
        if members.count is None:
            writer.no_members(segment.id, replace(members, origin=""))
        else:
            ids = read(segment.id)
            changed += len(ids)
            writer.members(segment.id, _all(ids, other), replace(members, origin=_ending(members.origin)))
        if members.excluded:
            writer.exclusions(segment.id, _all(read(segment.id, excluded=True), other))
    if (source / METADATA).exists():
        writer.metadata(schema_from_json(json.loads((source / METADATA).read_bytes())))
    writer.finish()
    return changed


def _extracted_at(source: Path) -> str:
    return str(json.loads((source / "manifest.json").read_bytes()).get("extracted_at", ""))


def _pseudonyms() -> Callable[[UUID], UUID]:
    key = secrets.token_bytes(32)

    def other(person: UUID) -> UUID:
        return UUID(bytes=hmac.digest(key, person.bytes, "sha256")[:16], version=4)

    return other


def _all(ids: Ids, other: Callable[[UUID], UUID]) -> Ids:
    return packed(other(one) for one in unpacked(ids))


def _ending(origin: str) -> str:
    """Names of files may be names of people; what kind of file it was is all that stays."""
    return f"members{Path(origin).suffix}" if origin else ""


def _row(row: dict[str, Any], other: Callable[[UUID], UUID]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        plain = name.partition("@")[0]
        if _NAME_OF_PERSON.fullmatch(plain) and plain != _NOT_PERSONS:
            if plain == name and value:
                found[name] = str(other(UUID(str(value))))
            elif name.endswith("FormattedValue"):
                found[name] = "(left out)"
        elif name == "msdyncrm_segmentmemberids" and value:
            ids, _ = ids_in_row(row)
            found[name] = json.dumps(texts(_all(ids, other))) if ids is not None else None
        else:
            found[name] = value
    return found
