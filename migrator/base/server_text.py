"""What may be kept of a text that a server wrote: its words, and nothing that is about a person or that opens a door.

An error of the service may echo whatever it was sent or holds: ids of people, names, addresses, the token. So of a
server's text only what is known to be harmless stays, and everything else becomes `…`: ids (but for those that the
caller calls its own), addresses of every kind, telephone numbers, tokens, quoted values, and words with a capital that
are no words of known messages, since those may be names. The whole text goes to the logger `FULL_TEXT` alone, which
writes nothing unless a person asked for it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

FULL_TEXT = logging.getLogger("migrator.full_text")
"""Where the whole of a server's text goes: nowhere, unless `want_full_texts` was called and a run keeps them."""
FULL_TEXT.propagate = False
FULL_TEXT.addHandler(logging.NullHandler())
FULL_TEXT.setLevel(logging.CRITICAL)


def want_full_texts() -> None:
    """From now on runs keep the whole of what servers say, in a file that nobody else can read (`--debug`)."""
    FULL_TEXT.setLevel(logging.DEBUG)


LEFT_OUT = "…"


class Kept(str):
    """A text that may be kept anywhere: a server's, sanitised, or our own."""

    __slots__ = ()


_LONGEST = 1_000
"""Characters of a text that are looked at; what is behind them is left out."""

_ID = re.compile(
    r"\{?(?<![0-9a-zA-Z])(?:crm)?([0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12})(?![0-9a-zA-Z])\}?"
)
_HIDDEN: tuple[re.Pattern[str], ...] = (
    re.compile(r"\b(?:authorization|\w*secret|\w*token|password|cookie)\b['\"]?\s*[:=]\s*[^,;\n]+", re.IGNORECASE),
    re.compile(r"\b(?:bearer|basic)\s+[^\s,;]{6,}", re.IGNORECASE),
    re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*"),
    re.compile(r"\b(?:https?|ftp|mailto|tel|file):\S+", re.IGNORECASE),
    re.compile(r"[^\s\"<>(),;]+@[^\s\"<>(),;]*"),
    re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}\b"),
    re.compile(r"(?<![\w.-])(?:[\w-]+\.)+(?:com|net|org|example|local|cn|us|de|fr|io|eu|info)(?![\w-])", re.IGNORECASE),
    re.compile(r"(?<!\w)\+?\(?\d(?:[ ()/.-]{0,2}\d){7,}(?!\w)"),
    re.compile(r"(?=[\w+/=~-]*\d)(?=[\w+/=~-]*[A-Z])[\w+/=~-]{24,}"),
)
"""In this order: credentials behind their name, tokens, web and mail addresses, network addresses and hosts, telephone
numbers, and long runs of letters and digits that no word has."""
_QUOTES = (("'", "'"), ('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"), ("‹", "›"), ("‘", "’"), ("`", "`"))
_HARMLESS = re.compile(
    r"(?:Microsoft\.Dynamics\.CRM\.|Edm\.)?(?:msdynmkt_|msdyncrm_)?"
    r"(?:[a-z]+_)*(?:segment|segments|segmentdefinition|segmentdefinitions|contact|contacts|contactid|lead|statecode|"
    r"statuscode|ownerid|owningbusinessunit|businessunit|msdyn(?:mkt|crm)_\w+)"
)
"""What may stand in quotes: names of the product's own tables and columns, and of no others."""
_CODE = re.compile(r"0x[0-9a-fA-F]{8}|AADSTS\d+|-?\d{1,7}(?:[.,]\d+)*%?")
_TECHNICAL = re.compile(
    r"(?:[A-Z][a-z]+)+(?:Exception|Error|Fault|Timeout)|OData[A-Za-z]{0,40}|Microsoft(?:\.[A-Z][A-Za-z]+)*|Edm\.[A-Za-z]+"
    r"|prv[A-Z][A-Za-z]+(?:_[a-z]+)*|[a-z]{2,12}(?:[A-Z][a-z]{2,12}){1,3}"
)
"""Names of exceptions, types, privileges, and of parts of a message (`roleCount`)."""
_WORD = re.compile(r"\w+(?:['’-]\w+)*(?:\.\w+)*")


def sanitised(text: str, own: Collection[UUID] = ()) -> Kept:
    """The part of a server's text that may be kept anywhere.

    Args:
        text: what the server wrote.
        own: ids that may stay, since they are of our own segments.
    """
    if isinstance(text, Kept):
        return text
    text = text[:_LONGEST] + (LEFT_OUT if len(text) > _LONGEST else "")
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        known = UUID(match[1])
        if known not in own:
            return LEFT_OUT
        kept.append(str(known))
        return f"\0{len(kept) - 1}\0"

    text = _ID.sub(keep, text.replace("\0", ""))
    before = ""
    while before != text:  # what was left out may turn an apostrophe into a quotation mark
        before = text
        for pattern in _HIDDEN:
            text = pattern.sub(LEFT_OUT, text)
        text = _WORD.sub(_word, _without_quoted(text))
        text = re.sub(rf"{LEFT_OUT}(?:[\s,;:.-]*{LEFT_OUT})+", LEFT_OUT, text)
    return Kept(re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], text).strip())


def _without_quoted(text: str) -> str:
    """The text with `…` for everything in quotes, but for names of the product's tables and columns."""
    for opening, closing in _QUOTES:
        # An apostrophe inside a word is none of the marks: O'Brien, doesn't.
        before, after = (r"(?<!\w)", r"(?!\w)") if opening == closing == "'" else ("", "")
        inside = rf"(?:[^{closing}]|(?<=\w){closing}(?=\w))*" if before else f"[^{closing}]*"
        pattern = rf"{before}{opening}({inside})(?:{closing}{after}|$)"
        text = re.sub(pattern, lambda match: match[0] if _HARMLESS.fullmatch(match[1]) else LEFT_OUT, text)
    return text


def _word(match: re.Match[str]) -> str:
    """A word, or `…` where it may be a name: it has a capital and is no word of a known message."""
    word = match[0]
    mixed = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
    if not mixed and (word.islower() or word.casefold() in _KNOWN):
        return word
    known = _CODE.fullmatch(word) or _TECHNICAL.fullmatch(word) or _HARMLESS.fullmatch(word)
    return word if known or word.isdigit() else LEFT_OUT


def shape_of(content: Any, depth: int = 3) -> Kept:
    """What an answer looks like, without what it says: `{"Response": JSON text of [3 × {"contactid": text}]}`."""
    match content:
        case dict() if depth:
            shown = ", ".join(
                f'"{_key(str(key))}": {_state(str(key), value) or shape_of(value, depth - 1)}'
                for key, value in list(content.items())[:20]
            )
            return Kept(f"{{{shown}}}")
        case list() if depth:
            return Kept(f"[{len(content)} × {shape_of(content[0], depth - 1)}]" if content else "[]")
        case str():
            try:
                inside = json.loads(content)
            except ValueError:
                return Kept(f"text of {len(content)} characters")
            return Kept(f"JSON text of {shape_of(inside, depth)}") if isinstance(inside, dict | list) else Kept("text")
        case None:
            return Kept("null")
        case bool() | int() if -1_000_000 < content < 1_000_000:
            return Kept(str(content).lower())
        case _:
            return Kept(type(content).__name__)


def _key(key: str) -> str:
    """A name inside an answer; names of the protocol and words of known messages alone are shown."""
    return key if re.fullmatch(r"@odata\.[a-zA-Z]+", key) or sanitised(key) == key else LEFT_OUT


def _state(key: str, value: Any) -> str:
    """A word that says how far something is, as it came: `"State": "purple"`."""
    return f'"{sanitised(value)}"' if isinstance(value, str) and _STATE.search(key) and len(value) < 30 else ""


_STATE = re.compile(r"stat(?:e|us)", re.IGNORECASE)


def reason_in(text: str) -> str:
    """The words of a text that may be JSON, such as `ResultText`: its messages with line and column, not its names."""
    try:
        content = json.loads(text)
    except ValueError:
        return text
    if not isinstance(content, dict | list):
        return text
    return "; ".join(_messages(content)) or LEFT_OUT


_PLACES = ("line", "column", "position", "offset", "statuscode", "errorcode")


def _messages(content: Any) -> Iterator[str]:
    if isinstance(content, list):
        for entry in content:
            yield from _messages(entry)
        return
    if not isinstance(content, dict):
        return
    named = {str(key).lower(): value for key, value in content.items()}
    words = [value for key, value in named.items() if "message" in key or "reason" in key or key in ("error", "detail")]
    places = [f"{key} {named[key]}" for key in _PLACES if isinstance(named.get(key), int)]
    for value in words:
        if isinstance(value, str):
            yield value + (f" ({', '.join(places)})" if places else "")
        else:
            yield from _messages(value)
    for key, value in named.items():
        if isinstance(value, dict | list) and value not in words and key not in ("members", "entityids", "value"):
            yield from _messages(value)


_WORDS = """
    a access account accounts action actions active add added additionalproperties admin administration
    administrator after again all allowed already also an and answer any api app append application are argument as
    assign at attempt attribute audience azure baseentitylogicalname because been before being business businessunit
    but by call calls can cannot change changed characters check claim claims client code column columns combined
    compute computed computing condition conditional configuration connection contact contactids contacts contains
    convert could count create created crm currently customer data database dataverse date decrease default
    definition delete deleted denied dependentjourneys dependentsegments depends deployment description detected
    different disabled do does doesn't domain draft duplicate during dynamic dynamics each editable email empty
    enabled encountered end entities entity entityids environment error errors exceeded except execution exist
    existing exists expected expired expression failed failure false fault feature field fields filter for forbidden
    found from function gateway generic get going group groups guid guids has have having http i id identified
    identity ids if in inactive incoming incorrect insights instance interaction internal intersect invalid is isn't
    isnotnull isnull it its journey journeys json key large lastexecution length license like limit line list live
    lookup main make malformed manual many marketing match matching maximum may member members memory message
    metadata method microsoft milliseconds minimum missing mode module more morerecords must name names needed new
    no nor not null number object occurred odata of ok on one only operation operator or organisation organization
    organizationid otc other out outbound outside owner page paging parameter parent parse parsed parsing patch path
    payload permission permissions please plugin policy position post present primarykeycolumnname principal
    privilege privileges profile profiles property provided publish published publishing put query range read real
    real-time reason record records reduce reference referenced refused relate relateoptional relationship request
    requests required resource resources response restricted result results resulttext retry role roles row rows
    same scope search security see segment segmentid segments selected send server service set settings should sign
    since size something sql starts state static status statuscode step stop stopped stopping string such summary
    support supported sure syntax system systemuser table tables tenant than that the their there these this
    throttled time timed timeout times to token too totalcount true try type unable unauthorized unavailable
    unexpected unhandled union unique unit units unknown unsupported until update updated uri url use used user
    user's users valid validation value values version violation virtual wait was wasstopped we web were when where
    which while window with within without write wrong yes you your
"""
_KNOWN = frozenset(_WORDS.split())
"""Words of messages that the service is documented or was seen to write, and the names of its own things."""
