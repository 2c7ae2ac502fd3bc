"""Sentences that the plan and the looks tell in English, in the language of the report: templates/sentences.toml.

A sentence is recognised by its template, so that plans of every version are told, and its facts are carried over.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from typing import Any

from migrator.base.resources import shipped
from migrator.contracts.choices import Choice
from migrator.product.findings import Finding
from migrator.report.words import LANGUAGES, Words

_FACT = re.compile(r"\{(\w)\}")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})*")
_SHARE = re.compile(r"(\d{1,3}(?:,\d{3})*) of (\d{1,3}(?:,\d{3})*)")
_QUOTED = re.compile(r"“[^“”]+”(?:, “[^“”]+”)*")
_SLIP = re.compile(r"line (\d+), column (\d+): (.+?)(?:; expected ([^;]+?))?(\.?)", re.DOTALL)
"""What is wrong with a query, as `QueryError` says it."""
_SIDES = re.compile("; (?=the real-time query)")
_Entry = tuple[re.Pattern[str], str]


def message_of(finding: Finding, words: Words) -> str:
    """The sentence of a finding in the language of the report; one that no template fits stays as it is.

    Args:
        finding: as the plan has it.
        words: the words of the language.
    """
    if words.language == "en":
        return finding.message
    known = _findings(words.language).get(finding.code, ())
    if said := _matched(finding.message, known, words):
        return said
    about = re.fullmatch(r"In “(.+?)”, whose query is used here: (.+)", finding.message, re.DOTALL)
    inner = _matched(about[2], known, words) if about else ""
    if about and inner:
        return _phrase(f"In “{about[1]}”, whose query is used here: ", words) + inner
    return finding.message


def sentence_of(text: str, words: Words) -> str:
    """A note of a look, or an error, in the language of the report; what nobody has translated stays as it is.

    Args:
        text: in English, of one sentence or several.
        words: the words of the language.
    """
    if words.language == "en" or not text:
        return text
    if said := _matched(text, _phrases(words.language), words):
        return said
    parts = re.split(r"(?<=\.) (?=[A-Z])", text)
    return " ".join(_matched(part, _phrases(words.language), words) or part for part in parts)


def deed_of(what: str, words: Words) -> str:
    """What somebody did with a run, as its history has it, in the language of the report.

    Args:
        what: a decision, perhaps with the one before it, or how many segments.
        words: the words of the language.
    """
    if words.language == "en" or not what:
        return what
    now, _, before = what.partition(" instead of ")
    choices = [words(f"choice_{one}") for one in (now, before) if one in set(Choice)]
    if choices and len(choices) == 1 + bool(before):
        return choices[0] if not before else words("history_instead", now=choices[0], before=choices[1])
    return _told(what, "history", words) or sentence_of(what, words)


def unforeseen_of(note: str, words: Words) -> str:
    """Why a segment cannot be evaluated, in the language of the report; what nobody has translated stays as it is.

    Args:
        note: as the prediction has it, of one reason or several.
        words: the words of the language.
    """
    if words.language == "en":
        return note
    return f"{words.semicolon} ".join(_told(part, "unforeseen", words) or part for part in _SIDES.split(note))


def _told(text: str, section: str, words: Words) -> str:
    """A text that a section of the catalogue knows; its facts may be texts of the section themselves."""
    for pattern, template in _section(section, words.language):
        if found := pattern.fullmatch(text):
            facts = {
                name: _told(fact, section, words) or _fact(fact, words) for name, fact in found.groupdict().items()
            }
            return _FACT.sub(lambda match: facts[match[1]], template)  # noqa: B023 - used at once
    return ""


def _slip(line: str, column: str, problem: str, expected: str | None, words: Words) -> str:
    """What is wrong with a query, where, and what was expected there; what nobody has translated stays as it is."""
    said = words("slip", line=line, column=column, problem=_told(problem, "slips", words) or problem)
    if expected:
        known = _wanted(words.language)
        pattern = "|".join(re.escape(one) for one in sorted(known, key=len, reverse=True))
        said += words("slip_expected", what=re.sub(pattern, lambda match: known[match[0]], expected))
    return said


def _phrase(beginning: str, words: Words) -> str:
    """The beginning of a sentence that another one follows."""
    marked = _matched(f"{beginning}\N{BULLET}", _phrases(words.language), words)
    return marked.removesuffix("\N{BULLET}")


def _matched(text: str, known: Sequence[_Entry], words: Words) -> str:
    for pattern, template in known:
        if found := pattern.fullmatch(text):
            facts = {name: _fact(fact, words) for name, fact in found.groupdict().items()}
            return _FACT.sub(lambda match: facts[match[1]], template)  # noqa: B023 - used at once
    return ""


def _fact(fact: str, words: Words) -> str:
    """A fact of a sentence: a number, a word or a sentence of ours; what somebody has written stays as it is."""
    if _NUMBER.fullmatch(fact):
        return words.number(int(fact.replace(",", "")))
    if share := _SHARE.fullmatch(fact):
        return words("of", n=int(share[1].replace(",", "")), all=int(share[2].replace(",", "")))
    if slip := _SLIP.fullmatch(fact):
        return _slip(slip[1], slip[2], slip[3], slip[4], words) + slip[5]
    if _QUOTED.fullmatch(fact):
        return re.sub(r"“([^”]+)”", lambda name: words.quoted(name[1]), fact)
    if re.fullmatch(r"\d+%", fact):
        return words.percent(int(fact[:-1]) / 100)
    if said := _matched(fact, _phrases(words.language), words):
        return said
    counted = [re.fullmatch(r"([\d,]+) (.+)", part) for part in fact.split(", ")]
    kinds = _counted(words.language)
    if all(one and one[2] in kinds for one in counted):
        return ", ".join(f"{_fact(one[1], words)} {kinds[one[2]]}" for one in counted if one)
    if ", " in fact:
        parts = [_matched(part, _phrases(words.language), words) or part for part in fact.split(", ")]
        return ", ".join(parts)
    return words.named("status", fact)


@cache
def _findings(language: str) -> dict[str, tuple[_Entry, ...]]:
    return {code: _entries(entries, language) for code, entries in _file()["findings"].items()}


@cache
def _phrases(language: str) -> tuple[_Entry, ...]:
    return _entries(_file()["phrases"]["all"], language)


@cache
def _section(section: str, language: str) -> tuple[_Entry, ...]:
    return _entries(_file()[section]["all"], language)


@cache
def _wanted(language: str) -> dict[str, str]:
    """What may be expected in a query, as the error says it, and in the language."""
    at = LANGUAGES.index(language)
    return {entry[0]: entry[at] for entry in _file()["slips"]["wanted"]}


@cache
def _counted(language: str) -> dict[str, str]:
    at = LANGUAGES.index(language)
    return {entry[0]: entry[at] for entry in _file()["phrases"]["counted"]}


def _entries(entries: list[list[str]], language: str) -> tuple[_Entry, ...]:
    at, words = LANGUAGES.index(language), Words(language)
    return tuple((_pattern(entry[0]), words.spaced(entry[at])) for entry in entries)


def _pattern(template: str) -> re.Pattern[str]:
    parts = _FACT.split(template)
    made = [f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts)]
    return re.compile("".join(made), re.DOTALL)


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((shipped("templates") / "sentences.toml").read_text(encoding="utf-8"))
