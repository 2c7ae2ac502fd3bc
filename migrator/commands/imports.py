"""Member lists from files or a marketing list, into an export: read, shown, agreed to, and only then written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from migrator.base.errors import Exit, UsageError
from migrator.base.safe_text import for_terminal
from migrator.commands.accepting import accept_doubts
from migrator.commands.exports import export_folder
from migrator.commands.import_matching import matched_files, parts_of_segments
from migrator.commands.import_told import report_of, table_of
from migrator.commands.import_wanted import Report, Wanted
from migrator.commands.naming import name_of, name_to_type
from migrator.commands.session import Orders
from migrator.contracts.export_folder import Export, read_export
from migrator.contracts.legacy_segment import LegacySegment
from migrator.contracts.members import Members
from migrator.dataverse.client import Client
from migrator.extractor.directory import TABLE, Directory, ExportDirectory, OrganisationDirectory
from migrator.extractor.imports import Imported, prepare, prepare_list, write
from migrator.extractor.matching import segment_called

Agree = Callable[[Sequence[str]], bool]
"""Shows what belongs where, and gives whether to go on."""


def import_members(wanted: Wanted, orders: Orders, agree: Agree) -> Report:
    """Put member lists from files or a marketing list into an export, or settle doubts about those that are in it.

    Args:
        wanted: files or list, segment, and what the person has answered.
        orders: how the command reaches the organisation and the person.
        agree: asks before the export is changed.

    Raises:
        UsageError: something cannot be read or belongs to no segment; the export is as it was then.
        DataverseError: the organisation cannot be asked; the export is as it was then.
    """
    folder = export_folder(wanted.export)
    export = read_export(folder)
    if wanted.marketing_list:
        return _from_list(wanted, folder, export, orders)
    if not wanted.files:
        return accept_doubts(wanted, folder, export, orders.settings.tolerance)
    return _from_files(wanted, folder, export, orders, agree)


def _from_files(wanted: Wanted, folder: Path, export: Export, orders: Orders, agree: Agree) -> Report:
    matched, lines = matched_files(wanted, export)
    parts = parts_of_segments(wanted, matched)
    if not parts:
        raise UsageError(
            "\n".join(
                [
                    *lines,
                    "None of the files belongs to a segment; nothing was imported. "
                    "Name it with --segment, or in segments.csv.",
                ]
            )
        )
    if wanted.org:

        async def work(client: Client) -> tuple[list[Imported], str]:
            _same_organisation(client, export)
            name = await name_to_type(client) if wanted.wishes.replacing else ""
            return await prepare(folder, parts, wanted.wishes, OrganisationDirectory(client), orders.progress), name

        done, name = orders.at(wanted.org, work)
    else:
        tables: Directory | None = ExportDirectory(folder) if (folder / TABLE).exists() else None
        done = asyncio.run(prepare(folder, parts, wanted.wishes, tables, orders.progress))
        name = name_of(export.organisation.url)
    if wanted.dry_run or len(matched) > 1:
        lines += table_of(done, wanted)
    lines += [for_terminal(warning) for one in done for table in one.tables for warning in table.warnings]
    agreed = agree(lines)
    if problems := [one.problem for one in done if one.problem]:
        raise UsageError("\n".join(problems))
    if not (agreed or wanted.dry_run):
        return Report(("Nothing was imported.",), Exit.DONE)
    left = sum(one.segment is None for one in matched)
    return _carried_out(done, folder, export, orders, wanted, name=name, left=left)


def _from_list(wanted: Wanted, folder: Path, export: Export, orders: Orders) -> Report:
    segment, why = segment_called(wanted.segment, export.segments)
    if segment is None:
        raise UsageError(f"--segment has to name the segment for the list; {why}. Nothing was imported.")

    async def work(client: Client) -> tuple[Imported, str]:
        _same_organisation(client, export)
        name = await name_to_type(client) if wanted.wishes.replacing else ""
        directory = OrganisationDirectory(client)
        return await prepare_list(folder, segment, wanted.marketing_list, client, directory, wanted.wishes), name

    done, name = orders.at(wanted.org or export.organisation.url, work)
    return _carried_out([done], folder, export, orders, wanted, name=name)


def _carried_out(
    done: Sequence[Imported], folder: Path, export: Export, orders: Orders, wanted: Wanted, *, name: str, left: int = 0
) -> Report:
    """Write what was prepared, once the person agrees to what it replaces; in a dry run, only say what would be."""
    if not wanted.dry_run:
        _confirm_replacing([one for one in done if one.people and not one.kept], export, wanted, orders, name)
        write(folder, done, wanted.wishes)
    return report_of(done, folder, left, orders.settings.tolerance, wanted)


def _confirm_replacing(done: Sequence[Imported], export: Export, wanted: Wanted, orders: Orders, name: str) -> None:
    """Ask before lists that are there already are replaced; in a production its name is typed, as for a rollback."""
    lines = [
        _replaced(
            one.segment, known, f"the marketing list {one.origin}" if wanted.marketing_list else one.origin, wanted
        )
        for one in done
        if wanted.wishes.replacing and _there(known := export.members[one.segment.id], wanted)
    ]
    if lines and orders.confirm:
        where = export.organisation.url
        lists = f"A list of {where}" if len(lines) == 1 else f"{len(lines):,} lists of {where}"
        orders.confirm([f"{lists} will be replaced:", *lines], word=name)


def _there(known: Members, wanted: Wanted) -> bool:
    return known.excluded is not None if wanted.wishes.excluding else known.known


def _replaced(segment: LegacySegment, known: Members, origin: str, wanted: Wanted) -> str:
    count, what = (known.excluded, "exclusions") if wanted.wishes.excluding else (known.count, "members")
    return f"“{for_terminal(segment.name)}”: {count or 0:,} {what} that are known, by those of {for_terminal(origin)}"


def _same_organisation(client: Client, export: Export) -> None:
    if not export.organisation.answers_as(client.organisation_id):
        raise UsageError(
            f"The export comes from {export.organisation.url} ({export.organisation.id}), but {client.url} is another "
            f"organisation ({client.organisation_id}). Nothing was imported."
        )
