"""Who will actually get the mail: the members of every segment, outbound's rule before, consent times purpose after.

Contacts and consent are read into the export (`read_consent`), or taken from tables that are there; everything else is
counted on this machine. Nothing is written to the organisation, and consent least of all.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Protocol
from uuid import UUID

from migrator import __version__
from migrator.base.atomic import private_folder, writing
from migrator.base.cells import identity, number
from migrator.base.counted import so_many
from migrator.base.errors import Interrupted, MigratorError, UsageError
from migrator.base.progress import ShowsProgress
from migrator.commands.session import Orders
from migrator.contracts.consent import (
    ADDRESS,
    CONSENT,
    CONTACTS,
    PROFILE,
    PURPOSE,
    PURPOSES_OF_PROFILES,
    TOPIC,
    ConsentRead,
    read_note,
)
from migrator.contracts.export_folder import Export, member_files, read_export
from migrator.contracts.reach import (
    LISTS,
    REACH,
    REACH_FORMAT,
    Numbers,
    PurposeReach,
    Reach,
    SegmentReach,
    manifest_checksum,
    write_reach,
)
from migrator.contracts.run_folder import RunFolder, utc_now
from migrator.dataverse.client import Client
from migrator.evaluator.mirrors import TableFiles, mirrored_files, plain_files
from migrator.extractor.consent import extract_consent
from migrator.product.codes import AUDIENCE, LEGACY_LIVE
from migrator.reach.answer import kinds_told, numbers
from migrator.reach.count import MemberList, People, TableUnreadable, people
from migrator.reach.purposes import Purpose, Settings, Topic, chosen, for_mail, topic_of
from migrator.reach.rules import PURPOSE_STEP, Checked, ContactFields, Rules, verdicts


@dataclass(frozen=True, slots=True)
class Wish:
    """Under which conditions reach is asked for."""

    purpose: str = ""
    """Name or id; empty is the default commercial one."""
    topic: str = ""
    profile: str = ""
    contact_fields: ContactFields = ContactFields.IGNORED
    address: str = ADDRESS
    """The column with the address that is written to after."""
    outbound: frozenset[Checked] = frozenset(Checked)
    """What outbound marketing looked at besides the address."""
    tables: Path | None = None
    """A folder of tables, such as a mirror; None takes those of the export."""
    memory: str = "700MB"


@dataclass(frozen=True, slots=True)
class Place:
    """A run, or an export alone: where the members lie, and where the results go."""

    folder: Path
    export: Path
    org: str = ""

    @classmethod
    def of_run(cls, run: RunFolder) -> Place:
        """The place of a run."""
        return cls(run.path, run.export, run.state().org)


def read_consent(place: Place, orders: Orders, wish: Wish, *, again: bool) -> None:
    """Read contacts and consent into the export, unless they are there already or lie elsewhere.

    Args:
        place: whose members.
        orders: the way to the organisation.
        wish: with the column of the address.
        again: whether they are read although they are there.

    Raises:
        UsageError: they are not there, and no organisation is named that could be asked.
        DataverseError: the organisation cannot be reached.
    """
    if wish.tables or not (again or _missing(place, wish)):
        return
    org = orders.settings.org or place.org
    if not org:
        if again or not _tables_there(place):
            raise UsageError(
                "What decides who may be mailed is not in the export. Read it with --org URL, or name a folder that "
                "holds the tables with --tables."
            )
        return

    async def work(client: Client) -> ConsentRead:
        return await extract_consent(client, place.export, utc_now(), orders.progress, wish.address)

    note = orders.at(org, work)
    orders.tell(f"{so_many(note.contacts or 0, 'contact')} and {note.records or 0:,} records of consent read.")
    for sentence in note.unreadable:
        orders.tell(sentence)


def _missing(place: Place, wish: Wish) -> bool:
    note = read_note(place.export)
    if note is None:
        return not _tables_there(place)
    return (note.manifest, note.address) != (manifest_checksum(place.export), wish.address)


def _tables_there(place: Place) -> bool:
    folder = place.export / "tables"
    return folder.is_dir() and PURPOSE in plain_files(folder)


def reach(place: Place, wish: Wish, progress: ShowsProgress, more: Sequence[More] = ()) -> Reach:
    """Count who is mailed before and after, and write `reach.json` and lists of ids beside the export.

    Args:
        place: whose members, and where the results go.
        wish: under which conditions.
        progress: where to say how far it is.
        more: what else is asked while everybody is at hand.

    Raises:
        UsageError: the export is damaged, or what was named is not there.
    """
    export = read_export(place.export)
    note = None if wish.tables else read_note(place.export)
    work = _Work(place, wish, export, note)
    files = work.files()
    lists = work.lists()
    with progress.step("Counting who is mailed", 3) as step, people(wish.memory) as counted:
        try:
            counted.fill_members([one for _, one in lists])
        except TableUnreadable as error:
            raise UsageError(f"The export cannot be used: {error}.") from error
        contacts = work.contacts(counted, files)
        settings = work.settings(counted, files)
        step.advance()
        purpose, why = chosen(settings, wish.purpose, wish.profile)
        topic = topic_of(settings, purpose, wish.topic) if purpose else None
        asked = [(one, topic if purpose and one.id == purpose.id else None) for one in settings.purposes or ()]
        records = work.consent(counted, files, asked)
        step.advance()
        found = _found(
            work,
            counted,
            lists,
            asked,
            purpose,
            settings.profiles or {},
            contacts=contacts,
            consent=records is not None,
        )
        found = replace(
            found,
            why_no_purpose=why,
            topic=topic.name if topic else "",
            unreadable=tuple(dict.fromkeys(work.unreadable)),
            consent_rows=records or 0,
        )
        with _exchanging(place.folder) as folder:
            if purpose and contacts:
                at = [one for one, _ in asked].index(purpose)
                _write_lists(folder, counted, lists, at, work.rules(purpose, topic))
                for one in more if records is not None else ():
                    one.of(counted, at, purpose, files[CONTACTS], wish)
        step.advance()
    write_reach(place.folder, found)
    return found


@contextmanager
def _exchanging(folder: Path) -> Iterator[Path]:
    """A folder for lists; if there are any, they take the place of those that are there when the block ends well.

    The numbers that belong to the old lists go with them: whoever is killed in between has no numbers, and no wrong
    ones.
    """
    new = folder / f".{LISTS}"
    shutil.rmtree(new, ignore_errors=True)  # of whoever was killed
    try:
        yield new
        (folder / REACH).unlink(missing_ok=True)
        shutil.rmtree(folder / LISTS, ignore_errors=True)
        if new.is_dir():
            new.rename(folder / LISTS)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def reach_stage(run: RunFolder, orders: Orders, *, again: bool = False) -> None:
    """Count who is mailed as a part of a run; what stands in the way is told, and ends nothing.

    Args:
        run: the run.
        orders: the way to the organisation.
        again: whether contacts and consent are read although they are there.

    Raises:
        Interrupted: Ctrl-C.
    """
    from migrator.commands.reach_told import sentences

    place, wish = Place.of_run(run), Wish()
    try:
        read_consent(place, orders, wish, again=again)
        found = reach(place, wish, orders.progress)
    except Interrupted:
        raise
    except MigratorError as error:
        orders.tell(f"Who will be mailed was not counted: {error} Repeat it with: migrator reach {run.typed}")
        return
    for sentence in islice(sentences(found), 3):
        orders.tell(sentence)


class More(Protocol):
    """What else is asked while everybody is at hand."""

    def of(self, counted: People, at: int, purpose: Purpose, contacts: TableFiles, wish: Wish) -> None:
        """Ask.

        Args:
            counted: everybody.
            at: the place of the purpose.
            purpose: the purpose that was chosen.
            contacts: where the contacts lie.
            wish: under which conditions.
        """


_TELLING = frozenset({AUDIENCE, CONTACTS, CONSENT, PURPOSE})
"""Without any of these tables nothing can be said about anybody."""


@dataclass(slots=True)
class _Work:
    place: Place
    wish: Wish
    export: Export
    note: ConsentRead | None
    unreadable: list[str] = field(default_factory=list)

    def files(self) -> dict[str, TableFiles]:
        """The tables that are at hand; the contacts under the name that they have here."""
        folder = self.wish.tables or self.place.export / "tables"
        found = mirrored_files(folder) if self.wish.tables else plain_files(folder) if folder.is_dir() else {}
        if self.wish.tables and not _TELLING & found.keys():
            needed = ", ".join(sorted(_TELLING))
            raise UsageError(
                f"The folder {folder} holds none of the tables that tell who may be mailed ({needed}), as "
                "Parquet, CSV or Delta. Name the folder that holds them, or leave --tables out. Nothing was counted."
            )
        if self.note:
            self.unreadable += self.note.unreadable
        if CONTACTS not in found and AUDIENCE in found and not (self.note and self.note.contacts is None):
            found[CONTACTS] = found[AUDIENCE]
        return found

    def lists(self) -> list[tuple[UUID, MemberList]]:
        """The segments whose members are known."""
        files = member_files(self.place.export)
        return [
            (segment.id, MemberList(*files[segment.id], live=segment.status_code in LEGACY_LIVE))
            for segment in self.export.segments
            if segment.id in files
        ]

    def contacts(self, counted: People, files: Mapping[str, TableFiles]) -> bool:
        if CONTACTS not in files:
            self.missing("the contacts are not at hand")
            return False
        try:
            counted.fill_contacts(files[CONTACTS], self.wish.address)
        except TableUnreadable as error:
            self.cannot(str(error))
            return False
        return True

    def consent(
        self, counted: People, files: Mapping[str, TableFiles], asked: Sequence[tuple[Purpose, Topic | None]]
    ) -> int | None:
        pairs = [(one.id, topic.id if topic else None) for one, topic in asked]
        try:
            if CONSENT in files:
                return counted.fill_consent(files[CONSENT], pairs)
            self.missing("the records of consent are not at hand")
        except TableUnreadable as error:
            self.cannot(str(error))
        counted.fill_consent(None, pairs)
        return None

    def settings(self, counted: People, files: Mapping[str, TableFiles]) -> Settings:
        profiles = self._small(counted, files, PROFILE)
        purposes = self._small(counted, files, PURPOSE)
        links = self._small(counted, files, PURPOSES_OF_PROFILES)
        topics = self._small(counted, files, TOPIC)
        named = None if profiles is None else {key: row[1] or "" for row in profiles if (key := identity(row[0]))}
        of: dict[UUID, list[UUID]] = {}
        for purpose, profile, *_ in links or ():
            if (one := identity(purpose)) and (other := identity(profile)):
                of.setdefault(one, []).append(other)
        only = list(named) if named and len(named) == 1 and links is None else []  # all belong to the only one
        return Settings(
            named,
            None
            if purposes is None
            else for_mail(
                [
                    Purpose(key, row[1] or "", number(row[2]), number(row[3]), tuple(of.get(key, only)))
                    for row in purposes
                    if (key := identity(row[0]))
                ]
            ),
            None
            if topics is None
            else tuple(Topic(key, row[1] or "", identity(row[2])) for row in topics if (key := identity(row[0]))),
        )

    def _small(
        self, counted: People, files: Mapping[str, TableFiles], table: str
    ) -> list[tuple[str | None, ...]] | None:
        if table not in files:
            return None
        try:
            return counted.rows(table, files[table])
        except TableUnreadable as error:
            self.cannot(str(error))
            return None

    def cannot(self, what: str) -> None:
        self.unreadable.append(f"{what[:1].upper()}{what[1:]}.")

    def missing(self, what: str) -> None:
        if not (self.note and self.note.unreadable):  # which says why
            self.cannot(what)

    def rules(self, purpose: Purpose | None, topic: Topic | None) -> Rules:
        wish = self.wish
        if purpose is None:
            return Rules(None, outbound=wish.outbound)
        return Rules(purpose.model, purpose.commercial, topic is not None, wish.contact_fields, wish.outbound)


def _found(
    work: _Work,
    counted: People,
    lists: Sequence[tuple[UUID, MemberList]],
    asked: Sequence[tuple[Purpose, Topic | None]],
    purpose: Purpose | None,
    profiles: Mapping[UUID, str],
    *,
    contacts: bool,
    consent: bool,
) -> Reach:
    at = next((number for number, (one, _) in enumerate(asked) if purpose and one.id == purpose.id), None)
    rules = work.rules(purpose, asked[at][1] if at is not None else None)
    places = {legacy_id: place for place, (legacy_id, _) in enumerate(lists)}
    by_segment: dict[int, list[tuple[int, int]]] = {}
    for segment, kind, count in counted.by_segment(at):
        by_segment.setdefault(segment, []).append((kind, count))

    def of(counts: Sequence[tuple[int, int]], rules: Rules) -> Numbers:
        if contacts:
            return numbers(counts, rules, consent=consent)
        members = sum(count for _, count in counts)
        return Numbers(members, unknown=members)

    live = [segment for segment in work.export.segments if segment.status_code in LEGACY_LIVE]
    everybody = counted.of_live()
    people = everybody[at or 0] if at is not None or not asked else _of_contacts(everybody[0])
    side_by_side = [
        PurposeReach(
            one.id,
            one.name,
            one.type_word,
            one.model_word,
            tuple(sorted(profiles.get(key, str(key)) for key in one.profiles)),
            of(everybody[n], work.rules(one, topic)),
        )
        for n, (one, topic) in enumerate(asked)
    ]
    other = {ContactFields.IGNORED: ContactFields.CHECKED}.get(rules.fields, ContactFields.IGNORED)
    return Reach(
        REACH_FORMAT,
        __version__,
        manifest_checksum(work.place.export),
        work.note.at if work.note else work.export.extracted_at,
        side_by_side[at] if at is not None else None,
        "",
        "",
        work.wish.contact_fields,
        of(people, replace(rules, fields=other)) if at is not None and contacts else None,
        work.wish.address,
        tuple(sorted(work.wish.outbound)),
        of(people, rules),
        len(live),
        sum(segment.id not in places for segment in live),
        tuple(side_by_side),
        tuple(
            SegmentReach(
                segment.id,
                segment.name,
                segment.status_code in LEGACY_LIVE,
                of(by_segment.get(places[segment.id], []), rules) if segment.id in places else Numbers(),
            )
            for segment in work.export.segments
        ),
    )


def _of_contacts(counts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What the contacts alone tell of people of these kinds."""
    found = Counter[int]()
    for kind, count in counts:
        found[kind % PURPOSE_STEP] += count
    return list(found.items())


def _write_lists(
    folder: Path, counted: People, lists: Sequence[tuple[UUID, MemberList]], at: int, rules: Rules
) -> None:
    """Who loses the mail, who gets it anew, and of whom nothing is known, segment by segment, by id."""
    judged = verdicts(rules)
    ends = {
        kind: f",{one.group},{one.reason},{str(one.said_no).lower()}\n"
        for kind in kinds_told(rules)
        for one in [judged[kind]]
    }
    for segment, parts in groupby(counted.listed(at, ends), itemgetter(0)):
        private_folder(folder)
        with writing(folder / f"{lists[segment][0]}.csv") as file:
            file.write(b"contactid,group,reason,said_no\n")
            file.writelines(line.encode() for _, line in parts)
