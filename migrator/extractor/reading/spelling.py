"""Ids and e-mail addresses as people spell them: what one cell names, or why nobody can say.

A cell is read whole or not at all: where one part of it is neither an id nor an address, the cell is unreadable, so
that no part of it is lost. `weiß@` and `weiss@` are two people; upper and lower case are not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

from migrator.extractor.reading.result import Kind

_HEX = r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"
_ID = re.compile(rf"(?:urn:uuid:|uuid:|crm)?[{{(\[<]?({_HEX})[}})\]>]?", re.IGNORECASE)
_CANONICAL = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_ENTITY = re.compile(rf"(?:.*/)?([a-z_][a-z0-9_]*)[(:=]\{{?['\"]?({_HEX})['\"]?\}}?\)?", re.IGNORECASE)
"""`contacts(…)`, at the end of an address of the Web API or alone."""
_ADDRESS = re.compile(r"[^\s@,;<>()\[\]\"|:\\]+@[^\s@,;<>()\[\]\"|:\\/?#]+\.[^\s@,;<>()\[\]\"|:\\/?#.]+")
_FORMULA_LINK = re.compile(r'=\s*HYPERLINK\(\s*"((?:[^"]|"")*)"\s*(?:[;,]\s*"?((?:[^"]|"")*)"?\s*)?\)', re.IGNORECASE)
_FORMULA_TEXT = re.compile(r'=\s*"([^"]*)"')
_CONTACTS = {"contact", "contacts"}
_CONTACT_TYPE = "2"
"""Object type code of contact, as old record links name it (`etc=2`)."""
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_QUOTES = dict.fromkeys(map(ord, "“”„‟«»″＂"), '"') | dict.fromkeys(map(ord, "‘’‚‛‹›′`´＇"), "'")
_SIGNS = (
    _DASHES | _QUOTES | {ord("＠"): "@", ord("．"): ".", ord("\u00a0"): " ", ord("\u202f"): " ", ord("\u3000"): " "}
)
_LONGEST = 32_767
"""Characters that Excel takes in a cell."""


class Linked(str):
    """The text of a cell that is a link."""

    target: str

    def __new__(cls, text: str, target: str) -> Linked:
        """The text that is shown, and what it links to."""
        cell = super().__new__(cls, text)
        cell.target = target
        return cell


@dataclass(frozen=True, slots=True)
class Named:
    """What a cell names: ids, or addresses, or, with a reason, nothing that can be told."""

    ids: tuple[UUID, ...] = ()
    addresses: tuple[str, ...] = ()
    reason: str = ""


NEITHER = "it is neither an id nor an e-mail address"
_FORMULA = "it is a formula; copy the column in Excel and paste it as values"
_TWO = "its text and its link name two different people"
_NOBODY = "it is the id of nobody (only zeros)"
_MIXED = "it holds ids beside addresses"


def named(cell: str) -> Named:
    """What a cell names; the text and the target of a link are both looked at, and have to agree."""
    if isinstance(cell, Linked):
        return _agreed(_named(cell), _named(cell.target))
    if (link := _FORMULA_LINK.fullmatch(cell.strip())) is not None:
        target, text = ((part or "").replace('""', '"') for part in link.groups())
        return _agreed(_named(text), _named(target))
    return _named(cell)


def looks_like(cell: str) -> Kind | None:
    """Ids or addresses, at a glance; None where it is neither."""
    if _CANONICAL.fullmatch(cell):
        return Kind.ID
    if len(cell) < 5 and not isinstance(cell, Linked):
        return None
    found = named(cell)
    return Kind.ID if found.ids else Kind.ADDRESS if found.addresses else None


def address_key(address: str) -> str:
    """The address as it is compared: case does not matter, letters do (ß is not ss), however they are composed."""
    return unicodedata.normalize("NFC", address.strip()).lower()


def plain(text: str) -> str:
    """Text without what cannot be seen, with simple dashes and quotes."""
    if text.isascii():
        return text.strip()
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return unicodedata.normalize("NFC", text.translate(_SIGNS)).strip()


def _agreed(text: Named, target: Named) -> Named:
    """Text and target of a link: one may say what the other does not; both may say the same."""
    if text.reason or not (text.ids or text.addresses):
        return target if target.ids or target.addresses else Named(reason=text.reason or NEITHER)
    if text.ids and target.ids and set(text.ids) != set(target.ids):
        return Named(reason=_TWO)
    keys = {address_key(one) for one in text.addresses}, {address_key(one) for one in target.addresses}
    if all(keys) and keys[0] != keys[1]:
        return Named(reason=_TWO)
    return target if target.ids else text


def _named(cell: str) -> Named:
    if _CANONICAL.fullmatch(cell):
        return _of_ids((UUID(cell),))
    if len(cell) > _LONGEST:
        return Named(reason="it is longer than Excel allows a cell to be")
    text = plain(cell)
    if (formula := _FORMULA_TEXT.fullmatch(text)) is not None:
        text = formula[1]
    elif text.startswith("="):
        return Named(reason=_FORMULA)
    text = _bare(text)
    whole = _one(text)
    if whole is not None:
        return whole
    ids: list[UUID] = []
    addresses: list[str] = []
    for part in _parts(text):
        one = _one(part)
        if one is None or one.reason:
            return one or Named(reason=NEITHER)
        ids += one.ids
        addresses += one.addresses
    if ids and addresses:
        return Named(reason=_MIXED)
    return Named(tuple(ids), tuple(addresses)) if ids or addresses else Named(reason=NEITHER)


def _one(text: str) -> Named | None:
    """A single id or address; None where the text is neither, a reason where it is one that cannot be taken."""
    text = _bare(text)
    if (found := _ID.fullmatch(text)) is not None:
        return _of_ids((UUID(found[1]),))
    if "@" in text and (address := _address(text)):
        return Named(addresses=(address,))
    if (found := _ENTITY.fullmatch(unquote(text))) is not None and "?" not in text:
        if found[1].lower() in _CONTACTS:
            return _of_ids((UUID(found[2]),))
        return Named(reason=f"it names a record of “{found[1][:50]}”, not a contact")
    if text.lower().startswith(("http://", "https://")) or "etn=" in text:
        return _record(text)
    return None


def _record(link: str) -> Named | None:
    """The contact that a link of the product's opens. An app has an id of its own in it, which is nobody's."""
    if any(sign.isspace() for sign in link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    asked: dict[str, str] = {}
    for text in (parts.query, parts.fragment.partition("?")[2]):
        asked |= {key.lower(): value for key, value in parse_qsl(text)}
    if "extraqs" in asked:
        asked = dict(parse_qsl(asked["extraqs"].lstrip("?"))) | asked
    table, number = asked.get("etn", "").lower(), asked.get("etc", "")
    if (table and table not in _CONTACTS) or (number and number != _CONTACT_TYPE and not table):
        return Named(reason=f"it links to a record of “{(table or number)[:50]}”, not to a contact")
    found = _ID.fullmatch(plain(asked.get("id", "")))
    return _of_ids((UUID(found[1]),)) if found else None


def _address(text: str) -> str | None:
    if text.lower().startswith("mailto:"):
        text = unquote(text[len("mailto:") :].partition("?")[0])
    elif (angled := re.fullmatch(r"([^<>@]*?)\s*<\s*(?:mailto:)?([^<>]+?)\s*>", text, re.IGNORECASE)) is not None:
        text = angled[2]
    text = _bare(text).rstrip(".")
    return text if _ADDRESS.fullmatch(text) else None


def _bare(text: str) -> str:
    """Without the quotes around it, and separators at its end."""
    while True:
        shorter = text.strip().rstrip(",;|").rstrip()
        if len(shorter) > 1 and shorter[0] in "\"'" and shorter[-1] == shorter[0] and shorter[0] not in shorter[1:-1]:
            shorter = shorter[1:-1]
        elif shorter.startswith("'") and "'" not in shorter[1:]:  # as Excel marks text
            shorter = shorter[1:]
        if shorter == text:
            return text
        text = shorter


def _parts(text: str) -> Iterator[str]:
    """The entries of a cell that holds several; names may hold separators where the address stands in angles."""
    kept = ""
    for part in re.findall(r'(?:"[^"]*"|<[^<>]*>|[^,;|\n\r"<]|["<])+', text):
        entry = f"{kept} {part}".strip() if kept else part.strip()
        kept = ""
        if not entry:
            continue
        if _one(entry) is not None:
            yield entry
        elif "@" not in entry and "<" in text and not re.search(r"\d{4}", entry):
            kept = entry  # "Meier, Hans <hans@x.example>"
        else:
            yield from re.split(r"\s+/\s+|\s+", entry) if "<" not in entry else [entry]
    if kept:
        yield kept


def _of_ids(ids: tuple[UUID, ...]) -> Named:
    return Named(reason=_NOBODY) if any(not one.int for one in ids) else Named(ids)
