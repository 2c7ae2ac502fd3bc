"""The stages of a migration from Python: for scripts, notebooks and schedulers (docs/python.md).

    from migrator.api import extract, load, predict, translate, verify, write_report

    run = extract("https://contoso.crm4.dynamics.com")
    translate(run)
    load(run, "https://contoso.crm4.dynamics.com")

Each function does what the command of its name does, with the same settings, and leaves the same files in the run
folder, so that a run may be begun here and gone on with on the command line, or the other way round. Errors are
`migrator.base.errors.MigratorError`; the message of each says what happened and what to do. Nothing heavy is imported
until a function is called.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar
from uuid import UUID

from migrator.base.errors import Exit, MigratorError, UsageError

if TYPE_CHECKING:
    from typing import Unpack

    import pandas as pd

    from migrator.commands.session import Orders
    from migrator.commands.settings import Settings
    from migrator.contracts.plan import Plan
    from migrator.contracts.run_folder import RunFolder
    from migrator.contracts.selection import Selection

__all__ = [
    "Exit", "MigratorError", "Options", "Predicted", "Run", "approve", "extract", "load", "open_run",
    "practice_organisation", "predict", "skip_duplicates", "translate", "verify", "write_report",
]  # fmt: skip

T = TypeVar("T")


class Options(TypedDict, total=False):
    """The settings that every function takes by name (docs/settings.md); `migrator.toml` and MIGRATOR_… hold else."""

    drafts_only: bool
    operators: str
    parallel: int
    wait_pending: float
    """Seconds."""
    wait_computation: float
    """Seconds."""
    tolerance: float
    """Per cent."""
    split: bool
    members_from_row: str
    owner: str
    accounts: str
    sign_in: str
    token_file: str
    tenant: str
    ca_file: str
    token_cache: Path | None
    window: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run: a folder with everything that is known about it (docs/run-folder.md)."""

    path: Path

    @property
    def name(self) -> str:
        """How the command line calls it."""
        return self.path.name

    @property
    def export(self) -> Path:
        """The folder with its export (docs/export-format.md)."""
        return _folder(self).export

    def plan(self) -> Plan:
        """The plan, with what people decided since.

        Raises:
            UsageError: there is none yet, or a file of the run is damaged.
        """
        from migrator.commands.report import plan_of

        return plan_of(_folder(self))

    def segments(self) -> pd.DataFrame:
        """Where every segment stands: a row a segment, a column a field of the report (docs/report.md).

        Counts are nullable whole numbers: what nobody knows is `<NA>`, not 0.

        Raises:
            UsageError: there is no plan yet, or a file of the run is damaged.
        """
        from migrator.commands.report import compared_now
        from migrator.report.frame import frame

        return frame(compared_now(_folder(self))[0])

    def findings(self) -> pd.DataFrame:
        """What was found about segments, a row a finding: `legacy_id`, `segment`, `code`, `severity`, `message`, …

        Raises:
            UsageError: there is no plan yet, or a file of the run is damaged.
        """
        import pandas as pd

        columns = ["legacy_id", "segment", "code", "severity", "message", "advice"]
        rows = [
            [str(segment.legacy_id), segment.name, found.code, str(found.severity), found.message, found.advice]
            for segment in self.plan().segments
            for found in segment.findings
        ]
        return pd.DataFrame(rows, columns=columns)

    def members(self, segment: str | UUID, *, excluded: bool = False) -> pd.DataFrame:
        """The members of a segment before the migration: one column, `contactid`, in the order of the list.

        Args:
            segment: its legacy id or its exact name.
            excluded: whether those who are excluded are meant.

        Raises:
            UsageError: there is no such segment, or nobody knows its members (which is not the same as nobody).
        """
        import pandas as pd

        from migrator.base.ids import texts
        from migrator.commands.segments import find_segment
        from migrator.contracts.export_folder import member_file, member_reader

        found = find_segment(self.plan(), str(segment))
        if member_file(self.export, found.members_of, excluded=excluded) is None:
            what = "Who is excluded from" if excluded else "Who is in"
            raise UsageError(f"{what} “{found.name}” is not known: the export holds no list of it.")
        return pd.DataFrame({"contactid": texts(member_reader(self.export)(found.members_of, excluded=excluded))})


def open_run(run: str | Path | None = None, *, out: str | Path = "reports") -> Run:
    """A run that is there already.

    Args:
        run: its folder, or its name below `out`; None is the latest one.
        out: the folder of all runs.

    Raises:
        UsageError: there is no such run.
    """
    from migrator.contracts.run_folder import find_run

    return Run(find_run(str(run) if run else None, Path(out)).path)


# --- the stages, in the order of the day -----------------------------------------------------------------------------


def extract(
    org: str,
    *,
    out: str | Path = "reports",
    names: Iterable[str] = (),
    ids: Iterable[str | UUID] = (),
    types: Iterable[str] = (),
    statuses: Iterable[str] = (),
    with_tables: bool = False,
    tell: Callable[[str], None] | None = None,
    **options: Unpack[Options],
) -> Run:
    """Read the outbound segments and their members into a new run. Changes nothing in the organisation.

    Args:
        org: its address, or its name in the profile.
        out: the folder of all runs.
        names: members only of segments with these names (`*` and `?` stand for any text); of the others the row alone
            is read. `translate` plans all of them, unless it is given the names, too.
        ids: only segments with these ids.
        types: only these types: static, dynamic, compound.
        statuses: only these statuses: live, draft, …
        with_tables: whether the rows of contacts and other tables are read, too, as far as queries touch them.
        tell: takes what is said on the way, a sentence at a time; None says nothing.
        options: settings by name.

    Raises:
        UsageError: a setting or a filter means nothing.
        DataverseError: the organisation cannot be reached, or refuses us.
    """
    from migrator.commands.prepare import begin, extract_stage
    from migrator.commands.session import canonical
    from migrator.contracts.run_folder import Goal, Task, discard_if_empty, new_run, working_on

    wanted = _selection(names, ids, types, statuses)
    settings = _settings(options, org, out)

    def work() -> Run:
        folder = new_run(settings.out, canonical(settings.org), dry_run=True)
        try:
            with working_on(folder), _orders(settings, tell) as orders:
                begin(folder, Task(Goal.EXTRACT, wanted, dry_run=True, with_tables=with_tables))
                extract_stage(folder, orders, wanted, with_tables=with_tables)
        finally:
            discard_if_empty(folder)
        return Run(folder.path)

    return _apart(work)


def translate(
    source: Run | str | Path,
    *,
    out: str | Path = "reports",
    compound: str = "flag",
    interactions: str = "flag",
    names: Iterable[str] = (),
    ids: Iterable[str | UUID] = (),
    types: Iterable[str] = (),
    statuses: Iterable[str] = (),
    **options: Unpack[Options],
) -> Run:
    """Make the plan: exactly one outcome for every segment. Needs no organisation, and changes nothing in one.

    Args:
        source: a run, whose plan is made again; or an export folder, of which a new run is made.
        out: the folder of all runs, for a new one.
        compound: what becomes of compound segments: flag, translate or snapshot.
        interactions: what becomes of behavioural segments: flag or translate.
        names: only segments with these names; `*` and `?` stand for any text.
        ids: only segments with these ids.
        types: only these types: static, dynamic, compound.
        statuses: only these statuses: live, draft, …
        options: settings by name.

    Raises:
        UsageError: the export is damaged, no segment passes the filters, or the run has been loaded already.
    """
    from migrator.commands.prepare import begin, take_export, translate_stage
    from migrator.commands.report import report_stage
    from migrator.contracts.choices import choices_of
    from migrator.contracts.run_folder import (
        RUN,
        Goal,
        RunFolder,
        Task,
        discard_if_empty,
        new_run,
        not_loaded,
        working_on,
    )

    choices = choices_of(compound, interactions)
    wanted = _selection(names, ids, types, statuses)
    settings = _settings(options, None, out)
    path = source.path if isinstance(source, Run) else Path(source)
    old = (path / RUN).is_file()
    task = Task(
        Goal.TRANSLATE, wanted, choices, True, None if old else path, False, settings.drafts_only, settings.operators,
        settings.tolerance, settings.split, settings.members_from_row,
    )  # fmt: skip

    def work() -> Run:
        folder = RunFolder(path) if old else new_run(settings.out, "", dry_run=True)
        try:
            with working_on(folder):
                not_loaded(folder)
                if not old:
                    begin(folder, task)
                    take_export(folder, path)
                translate_stage(folder, task)
                report_stage(folder)
        finally:
            if not old:
                discard_if_empty(folder)
        return Run(folder.path)

    return _apart(work)


@dataclass(frozen=True, slots=True)
class Predicted:
    """What `predict` found out. `segments`, `people` and `overlap` are pandas frames.

    `segments` has a row a segment: `legacy_id`, `name`, `recorded` (the size of then), `legacy` and `predicted`
    (members by the original and by its translation), `after` (by the newest look at the organisation),
    `verdict` (equal, differs, unknown), `inactive`, `deleted`, `missing`, `surplus` (people), `reasons`,
    `note`, `payload` (a checksum of what is sent), `evidence`. `people` has one row: distinct people in live
    segments `before` and `after`, `lost`, `gained`, `lost_…` by reason, and whether that is `complete` (no live
    segment is unknown). `overlap` has a row a segment that is a copy of another one, lies within
    one, or is empty. `as_of` is what "now" meant, and `exit_code` that of the command.
    """

    segments: pd.DataFrame
    people: pd.DataFrame
    overlap: pd.DataFrame
    as_of: str
    exit_code: Exit


def predict(
    run: Run | str | Path,
    *,
    tables: str | Path | None = None,
    as_of: datetime | None = None,
    memory: str = "2GB",
) -> Predicted:
    """Say who will be in each segment, by evaluating both queries on the organisation's own data. Changes nothing.

    Gives `segments`, `people` and `overlap`, each a pandas frame.

    Args:
        run: a run with a plan.
        tables: a folder of tables as Parquet or CSV; None takes the export's.
        as_of: what "now" means in queries; None is when the export was made.
        memory: what the database may take, as "2GB".

    Raises:
        UsageError: there is no plan, there are no tables, or they cannot be read.
    """
    from migrator.base.progress import Silent
    from migrator.commands.predict import exit_code
    from migrator.commands.predict import predict as predict_it
    from migrator.commands.predict_frames import overlap_frame, people_frame, segments_frame
    from migrator.commands.report import decided_plan
    from migrator.contracts.decisions import read_decisions
    from migrator.contracts.predictions import Predictions
    from migrator.contracts.run_folder import working_on
    from migrator.contracts.verification import counted_after

    folder = _folder(run)

    def work() -> Predictions:
        place = Path(tables) if tables else None
        with working_on(folder):
            return predict_it(folder, decided_plan(folder), Silent(), tables=place, as_of=as_of, memory=memory)

    found = _apart(work)
    return Predicted(
        segments_frame(found, counted_after(folder.path)),
        people_frame(found.people),
        overlap_frame(found, read_decisions(folder.path)),
        found.as_of,
        exit_code(found),
    )


def skip_duplicates(run: Run | str | Path, *, same_people_today: bool = False, by: str = "") -> list[str]:
    """Leave copies of segments behind that `predict` found, by a decision each; gives a sentence for each.

    Args:
        run: a run that was predicted.
        same_people_today: whether also what merely selects the same people today.
        by: who decides; empty is whoever is at this machine.

    Raises:
        UsageError: nothing was predicted for the plan as it is.
    """
    from migrator.commands.deciding import whoever_sits_here
    from migrator.commands.duplicates import skip_duplicates as skip_them
    from migrator.contracts.predictions import read_predictions
    from migrator.contracts.run_folder import working_on

    folder = _folder(run)
    with working_on(folder):
        found = read_predictions(folder.path)
        if found is None:
            raise UsageError(f"Nothing was predicted for the plan of the run {folder.name} as it is. Predict it first.")
        return [*skip_them(folder, found, by or whoever_sits_here(), today=same_people_today).lines]


def approve(
    run: Run | str | Path,
    choice: str,
    *,
    segments: Iterable[str] = (),
    names: Iterable[str] = (),
    findings: Iterable[str] = (),
    by: str = "",
    reason: str = "",
) -> list[str]:
    """Record a decision about segments that wait, before they are loaded; gives a sentence for each.

    Args:
        run: a run with a plan that is not loaded yet, or not wholly.
        choice: translate, snapshot or skip; of a segment that has a twin also adopt, replace or keep-both.
        segments: ids or exact names.
        names: names with `*` and `?`.
        findings: codes: every segment that waits with one of them.
        by: who decides; empty is whoever is at this machine.
        reason: why, for the history of the run.

    Raises:
        UsageError: the decision is not open to one of them, or a list is a text; then nothing is recorded.
    """
    from migrator.commands.deciding import CHOICES, Meant, carry_out, in_one_way, whoever_sits_here
    from migrator.contracts.choices import Choice
    from migrator.contracts.run_folder import working_on

    if choice not in CHOICES:
        raise UsageError(f"A decision has to be one of {', '.join(CHOICES)}, not {choice}.")
    _no_texts("What is decided about", segments, names, findings)
    meant = Meant(tuple(segments), tuple(names), tuple(findings))
    folder = _folder(run)
    with working_on(folder):
        decisions, refused = in_one_way(folder, meant, Choice(choice), by or whoever_sits_here(), reason)
        if refused:
            raise UsageError(" ".join([*refused, "Nothing was recorded."]))
        return [*carry_out(folder, decisions, refused, dry_run=False).lines]


def load(
    run: Run | str | Path,
    org: str,
    *,
    agree: Callable[[Sequence[str]], bool] | None = None,
    skip_checks: Iterable[str] = (),
    reason: str = "",
    tell: Callable[[str], None] | None = None,
    **options: Unpack[Options],
) -> pd.DataFrame:
    """Carry out the plan exactly as it stands, and verify it; a repeat goes on where an earlier try stopped.

    Naming the organisation is the agreement to write to it, as `--yes --org URL` is; with `agree`, a function is shown
    first what would be written. Gives the frame of `Run.segments`; its `attrs["exit_code"]` is that of the command.

    Args:
        run: a run with a plan.
        org: the organisation to write to.
        agree: takes what would be written, line by line, and says whether to go on; None goes on.
        skip_checks: checks of the organisation that do not keep it from writing.
        reason: why, for the history of the run.
        tell: takes what is said on the way, a sentence at a time; None says nothing.
        options: settings by name.

    Raises:
        Declined: `agree` said no; nothing was changed.
        UsageError: the plan is damaged, or for another organisation; or `skip_checks` names no check.
        DataverseError: the organisation cannot be reached, or refuses us.
    """
    from migrator.base.errors import Declined
    from migrator.commands.examination import checks_called
    from migrator.commands.load import load_stage
    from migrator.commands.report import report_stage
    from migrator.contracts.run_folder import working_on

    _no_texts("What is skipped", skip_checks)
    skipped = checks_called(skip_checks)
    folder, settings = _folder(run), _settings(options, org, None)

    def ask(lines: Sequence[str], *, word: str = "") -> None:
        if agree is not None and not agree([*lines, *([f"The organisation is {word}."] if word else [])]):
            raise Declined

    def work() -> Exit:
        with working_on(folder), _orders(settings, tell) as orders:
            orders.skip_checks, orders.confirm, orders.reason = skipped, ask, reason
            load_stage(folder, orders)
            return report_stage(folder).exit_code

    return _standing(folder, _apart(work))


def verify(
    run: Run | str | Path, *, org: str = "", tell: Callable[[str], None] | None = None, **options: Unpack[Options]
) -> pd.DataFrame:
    """Compare the members in the organisation with those before, once more. Changes nothing there.

    Gives the frame of `Run.segments`; its `attrs["exit_code"]` is that of the command.

    Args:
        run: a run that was loaded.
        org: the organisation; empty is the one that the run was loaded into.
        tell: takes what is said on the way, a sentence at a time; None says nothing.
        options: settings by name.

    Raises:
        UsageError: nothing was loaded by this run.
        DataverseError: the organisation cannot be reached, or refuses us.
    """
    from migrator.commands.load import verify_stage
    from migrator.commands.report import report_stage
    from migrator.contracts.run_folder import working_on

    folder, settings = _folder(run), _settings(options, org or None, None)

    def work() -> Exit:
        with working_on(folder), _orders(settings, tell) as orders:
            verify_stage(folder, orders)
            return report_stage(folder).exit_code

    return _standing(folder, _apart(work))


def write_report(
    run: Run | str | Path,
    *formats: str,
    title: str = "",
    logo: str | Path | None = None,
    language: str = "",
    anonymise: bool = False,
    compared_with: Run | str | Path | None = None,
) -> dict[str, Path]:
    """Write the report from the files of the run; gives the file of each form.

    Args:
        run: a run with a plan.
        formats: html, xlsx, csv, json, md or pdf; none is as before.
        title: what stands at its head; empty is as before.
        logo: a picture for its head; None is as before.
        language: en, de or fr; empty is as before.
        anonymise: whether it holds counts only.
        compared_with: an earlier run, to say what changed since.

    Raises:
        UsageError: there is no plan, a file of the run is damaged, or the report is wanted in an unknown way.
    """
    from migrator.commands.report import report_stage
    from migrator.contracts.run_folder import working_on
    from migrator.report.forms import FORMS

    if unknown := [form for form in formats if form not in FORMS]:
        raise UsageError(f"The report has no form {unknown[0]}; forms are {', '.join(FORMS)}.")
    folder, other = _folder(run), _folder(compared_with) if compared_with else None
    with working_on(folder):
        before = folder.state().report
        wish = replace(
            before,
            formats=formats or before.formats,
            title=title or before.title,
            logo=Path(logo).resolve() if logo else before.logo,
            language=language or before.language,
        )
        written = report_stage(folder, wish, anonymous=anonymise, compared_with=other).written
    return {path.suffix.removeprefix("."): path for path in written}


@contextmanager
def practice_organisation(export: str | Path | None = None, *, outbound: str = "live") -> Iterator[str]:
    """An organisation in a box on this machine, until the block ends; gives its address. Needs `migrator[sandbox]`.

    Args:
        export: what it is filled with; None is the sample of 55 segments and 5,000 contacts.
        outbound: how the outbound services answer: live, removed, … (docs/sandbox.md)

    Raises:
        UsageError: the extra is not installed, or the folder is no export.
    """
    from migrator.commands.practice import practice_organisation as practise

    with practise(Path(export) if export else None, 0, outbound, None) as box:
        yield box.address


# --- what they share -------------------------------------------------------------------------------------------------


def _folder(run: Run | str | Path) -> RunFolder:
    from migrator.contracts.run_folder import USUAL_PLACE, RunFolder, find_run

    if isinstance(run, Run):
        return RunFolder(run.path)
    return find_run(str(run), USUAL_PLACE)


def _standing(folder: RunFolder, code: Exit) -> pd.DataFrame:
    made = Run(folder.path).segments()
    made.attrs["exit_code"] = int(code)
    return made


def _no_texts(what: str, *lists: Iterable[object]) -> None:
    """Refuse a text where a list belongs: it would be read letter by letter, and the `*` of "VIP*" means everybody."""
    for given in lists:
        if isinstance(given, str):
            raise UsageError(f"{what} is a list, such as [{given!r}], not the text {given!r}.")


def _selection(
    names: Iterable[str], ids: Iterable[str | UUID], types: Iterable[str], statuses: Iterable[str]
) -> Selection:
    from migrator.contracts.selection import selection_of

    _no_texts("A filter", names, ids, types, statuses)
    return selection_of(names, map(str, ids), types, statuses)


def _settings(options: Options, org: str | None, out: str | Path | None) -> Settings:
    """What is given by name, over MIGRATOR_… in the environment, over the profile, as for a command."""
    from migrator.commands.settings import settings

    given = {**options, **({"org": org} if org else {}), **({"out": str(out)} if out else {})}
    return settings(given, os.environ)


@contextmanager
def _orders(settings: Settings, tell: Callable[[str], None] | None) -> Iterator[Orders]:
    from migrator.base.progress import Silent
    from migrator.commands.session import session

    with session(settings, Silent(), tell or (lambda what: None), tell or print) as orders:
        yield orders


def _apart(work: Callable[[], T]) -> T:
    """Do something that needs an event loop of its own, also where one runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1, thread_name_prefix="migrator") as thread:
        return thread.submit(work).result()
