"""Are the people of an export contacts of this organisation, under the same ids? In a restored copy they are."""

from __future__ import annotations

from pathlib import Path

from migrator.base.errors import UsageError
from migrator.base.ids import NONE, distinct, joined
from migrator.base.progress import ShowsProgress
from migrator.contracts.export_folder import member_reader, read_export
from migrator.extractor.directory import Directory, check

MOST_GONE = 0.5
"""The share of ids of no contact above which an organisation's contacts have other ids (docs/assumptions.md)."""


async def refuse_strangers(export: Path, directory: Directory, organisation: str, progress: ShowsProgress) -> None:
    """Ask another organisation than the one that an export came from whether it has these contacts.

    Args:
        export: the export folder.
        directory: asks the organisation for contacts.
        organisation: its address, for the sentence.
        progress: takes how far it is.

    Raises:
        UsageError: most of the ids are no contacts there.
        DataverseError: the organisation cannot be asked.
    """
    content, read = read_export(export), member_reader(export)
    lists = [NONE]
    for segment in content.segments:
        known = content.members[segment.id]
        lists += [read(segment.id)] if known.count else []
        lists += [read(segment.id, excluded=True)] if known.excluded else []
    people = distinct(joined(lists))
    if not len(people):
        return
    with progress.step("Looking for the contacts in the other organisation") as step:
        gone = len((await check(directory, people)).gone)
        step.advance()
    if gone > MOST_GONE * len(people):
        raise UsageError(
            f"Of the {len(people):,} contacts in the export, {len(people) - gone:,} are in {organisation} under the "
            f"same ids: its contacts have other ids than those of {content.organisation.url}, so lists of people mean "
            "others there, or nobody. Nothing was written. Load into the organisation that the export came from, or "
            "into a restored copy of it."
        )
