"""Which segment a file belongs to: as `segments.csv` says, by an id in its name, or by its name.

A name is compared as it stands first, and only then with less and less of what file systems, browsers and exports make
of it. Where two segments could be meant, nobody is guessed: it is a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import UUID

from migrator.contracts.legacy_segment import LegacySegment
from migrator.extractor.sources import MAPPING, Mapped, Source


@dataclass(frozen=True, slots=True)
class Matched:
    """One file, and the segment that it belongs to."""

    source: Source
    segment: LegacySegment | None
    why: str
    """How they were matched, or why they could not be."""


def match(
    found: Sequence[Source], segments: Sequence[LegacySegment], mapping: Mapping[Source, Mapped]
) -> list[Matched]:
    """The segment of each file, in the order of the files.

    Args:
        found: the files, with their names.
        segments: the export's segments.
        mapping: what `segments.csv` or the person says of a file.
    """
    names = _Names(segments)
    return [_match(source, segments, names, mapping) for source in found]


def _match(
    source: Source, segments: Sequence[LegacySegment], names: _Names, mapping: Mapping[Source, Mapped]
) -> Matched:
    if named := mapping.get(source):
        segment, why = segment_called(named.segment, segments)
        return Matched(
            source, segment, f"named in {MAPPING}" if segment else f"{MAPPING} names {named.segment}, but {why}"
        )
    title = stem(source.name)
    ids = {UUID(text) for text in _UUID.findall(title)}
    by_id = [segment for segment in segments if segment.id in ids]
    if len(by_id) == 1:
        return Matched(source, by_id[0], "by the id in its name")
    if by_id:
        return Matched(source, None, f"its name holds the ids of {len(by_id)} segments; say which in {MAPPING}")
    return _by_name(source, title, names)


def _by_name(source: Source, title: str, names: _Names) -> Matched:
    for shorter, copied in _titles(title):
        found = names.called(shorter, as_written=bool(copied))
        if copied and (also := names.called(copied)) and {one.id for one in also} != {one.id for one in found}:
            # “Newsletter (1)” is a segment, and a browser's second copy of “Newsletter”.
            both = " and ".join(f"“{one.name}”" for one in [*also, *found][:4]) if found else f"“{also[0].name}”"
            if found:
                return Matched(source, None, f"it may belong to {both}; say which in {MAPPING}, or with --segment")
            found = also
        if len(found) == 1:
            return Matched(source, found[0], "by its name")
        if found:
            called = ", ".join(f"“{one.name}” ({one.id})" for one in found[:4])
            return Matched(
                source, None, f"{len(found)} segments are called like this ({called}); say which in {MAPPING}"
            )
    return Matched(source, None, f"no segment is called like this; say which in {MAPPING}, or with --segment")


def segment_called(text: str, segments: Iterable[LegacySegment]) -> tuple[LegacySegment | None, str]:
    """The segment with this id or name; None and the reason where it is not one."""
    every = list(segments)
    try:
        wanted = UUID(text)
        found = [segment for segment in every if segment.id == wanted]
    except ValueError:
        found = [segment for segment in every if segment.name == text]
        found = found or [segment for segment in every if _plain(segment.name) == _plain(text)]
    if len(found) == 1:
        return found[0], ""
    return None, f"{len(found)} segments are called like this" if found else "the export has no such segment"


# --- names -----------------------------------------------------------------------------------------------------------

_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
"""What no file of Windows may be called, and what exports write in its place is no rule."""
_IN_PLACE = ("_", "-", " ", "")


class _Names:
    """The segments by name, from exact to squeezed."""

    def __init__(self, segments: Sequence[LegacySegment]) -> None:
        self._levels: list[tuple[Callable[[str], str], dict[str, list[LegacySegment]]]] = []
        for key, forms in ((_exact, _as_it_is), (_plain, _as_it_is), (_plain, _as_files_have_it), (_squeezed, _words)):
            index: dict[str, list[LegacySegment]] = {}
            for segment in segments:
                for form in {key(form) for form in forms(segment.name)}:
                    index.setdefault(form, []).append(segment)
            self._levels.append((key, index))

    def called(self, title: str, *, as_written: bool = False) -> list[LegacySegment]:
        """The segments with this name, at the strictest level at which there are any; `as_written` leaves out none."""
        for key, index in self._levels:
            if as_written and key is _squeezed:
                break
            wanted = key(title)
            strict = key is _exact
            if (strict or _tells_something(wanted)) and (found := index.get(wanted)):
                found = [one for one in found if key is not _squeezed or _signs_agree(title, one.name)]
                if found:
                    return found
        return []


def _as_it_is(name: str) -> Iterable[str]:
    return (name,)


def _as_files_have_it(name: str) -> Iterable[str]:
    forms = {_FORBIDDEN.sub(sign, name) for sign in _IN_PLACE}
    forms |= {re.sub(_FORBIDDEN.pattern.removesuffix("+"), sign, name) for sign in _IN_PLACE}
    # Neither does Windows let a name end in a dot, nor a browser let it begin with one.
    return {form.strip(" .") for form in forms if form != name}


def _words(name: str) -> Iterable[str]:
    return (name,)


def _exact(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _plain(name: str) -> str:
    """Without case, and with simple spaces."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _squeezed(name: str) -> str:
    """The words alone."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(re.findall(r"\w+", plain.replace("_", " ")))


def _tells_something(key: str) -> bool:
    return any(sign.isalnum() for sign in key)


def _signs_agree(title: str, name: str) -> bool:
    """Whether the signs of a file's name stand in the segment's, too: “Kids > 12” is not “Kids < 12”."""
    rest = iter(_signs(name))
    return all(sign in rest for sign in _signs(title))


def _signs(text: str) -> list[str]:
    return [
        sign
        for sign in unicodedata.normalize("NFKC", text)
        if not sign.isalnum()
        and not sign.isspace()
        and sign not in "_-–—.,;'’()[]{}"
        and not unicodedata.combining(sign)
    ]


# --- what exports put around a name ----------------------------------------------------------------------------------

_UUID = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE)
_ENDINGS = (
    ".csv", ".txt", ".tsv", ".tab", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".json", ".html", ".htm", ".xml", ".zip",
)  # fmt: skip
_MONTH, _DATE = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_DAY = (
    r"(?<!\d)(?:20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    rf"|20\d\d(?P<sign>[-_. ]){_MONTH}(?P=sign){_DATE}"
    rf"|(?:{_MONTH}[-_.]{_DATE}|{_DATE}[-_.]{_MONTH})[-_.]20\d\d)(?!\d)"
)
_TIME = r"(?:\d{1,2}[-_.:]\d{2}(?:[-_.:]\d{2})?(?:[-_. ]?[ap]\.?m\.?)?|\d{6}|\d{4})(?:[-_. ]?(?:z|utc))?"
_MOMENT = rf"{_DAY}(?:(?:[-_. ,t]|at|um)+{_TIME})?"
_COPY = re.compile(
    r"[ _]*\((?P<n>\d{1,2})\)$|[ _]+-[ _]+(?:copy|kopie|copie)(?:[ _]*\(\d{1,2}\))?$|^(?:copy of|kopie von|copie de) +",
    re.IGNORECASE,
)
"""What browsers and file managers add to a second file of the same name."""
_NOISE = re.compile(
    rf"[ _.,-]*\(?{_MOMENT}\)?$"
    r"|^(?:static[ _]segment|segment[ _]?members?|segmentmitglieder|segment|exported[ _]members|members|mitglieder"
    r"|export(?:ed)?)(?:[ _]+(?:of|von|de))?(?=[ _.:-])"
    r"|[ _.-]+(?:segment[ _]?members?|segmentmitglieder|members?(?:[ _]list)?|mitglieder(?:liste)?"
    r"|export(?:iert|ed)?|segment)$",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"^\(?{_MOMENT}\)?[ _.,-]+", re.IGNORECASE)
_AROUND = " _.-"


def stem(name: str) -> str:
    """A file's name without its folders and its ending, also where the ending stands there twice."""
    title = PurePosixPath(name).name
    while title.lower().endswith(_ENDINGS) and title[: title.rindex(".")].strip():
        title = title[: title.rindex(".")]
    return title


def _titles(title: str) -> Iterator[tuple[str, str]]:
    """The title as it is, then without what exports put around a name; beside each what it is if it is a copy."""
    seen = set()
    while title and title not in seen:
        seen.add(title)
        copied = _COPY.sub("", title).strip(_AROUND)
        yield title, copied if copied != title else ""
        title = copied if copied and copied != title else title
        title = _NOISE.sub("", _BEFORE.sub("", title.strip(_AROUND)), count=1).strip(_AROUND)
