"""What we would decide about a segment that waits, and why: a table of findings, not an opinion about the segment.

Where a decision is better after something else (a file mended, a number looked up), nothing is recommended yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from migrator.contracts.choices import Choice
from migrator.product import findings as f
from migrator.product.findings import SEVERITIES, Finding, Severity
from migrator.report.offers import Offer
from migrator.report.words import Words

_T, _F, _L = (str(choice) for choice in (Choice.TRANSLATE, Choice.SNAPSHOT, Choice.SKIP))


@dataclass(frozen=True, slots=True)
class _Rule:
    """The choices in the order in which we would take them, each with the key of its reason."""

    choices: tuple[tuple[str, str], ...] = ()


_A, _R = str(Choice.ADOPT), str(Choice.REPLACE)
_CAUTION = (_A, _L, _F, _T)
"""Of several reasons, the one that asks for more caution counts."""
_LIVING = _Rule(((_T, "why_living"), (_F, "why_certain")))
_CERTAIN = _Rule(((_F, "why_certain"), (_T, "why_compare")))
_KNOWN = _Rule(((_T, "why_known"),))
_HOURS = _Rule(((_T, "why_hours"), (_F, "why_certain")))
_INACTIVE = _Rule(((_T, "why_inactive"), (_F, "why_certain")))
_TWIN = _Rule(((_A, "why_twin"), (_R, "why_one")))
_FIRST = _Rule()
"""Something else comes first."""

_BETTER_LIST: tuple[Callable[..., Finding], ...] = (
    f.members_unknown, f.members_from_old_row, f.nobody_left, f.many_contacts_gone, f.addresses_not_found,
    f.addresses_ambiguous, f.rows_unreadable, f.import_unanswered, f.exclusions_in_doubt,
)  # fmt: skip
IMPORTED = frozenset(f.code_of(made) for made in (*_BETTER_LIST, f.size_far_off))
"""Findings that a better list of members would settle."""

_BY_RULE: Sequence[tuple[_Rule, tuple[Callable[..., Finding], ...]]] = (
    (_TWIN, (f.twin_with_same_query, f.twin_with_same_people)),
    (_LIVING, (f.compound_segment,)),
    (_CERTAIN, (f.query_behavioural, f.queries_differ)),
    (_KNOWN, (f.size_far_off,)),
    (_Rule(((_L, "why_mirror"),)), (f.mirrored_segment,)),
    (_Rule(((_L, "why_empty"),)), (f.nobody_active,)),
    (_Rule(((_L, "why_unfinished"),)), (f.query_missing,)),
    (_HOURS, (f.time_zone_not_carried, f.time_zones_differ)),
    (_INACTIVE, (f.inactive_asked_for, f.inactive_kept)),
    (_Rule(((_T, "why_try"), (_F, "why_certain"))), (f.column_rollup,)),
    (
        _FIRST,
        (
            *_BETTER_LIST, f.members_left_out, f.members_pending, f.membership_unreadable, f.too_many_members,
            f.no_change_tracking, f.reference_not_carried_over, f.built_on_a_held_segment, f.built_on_an_absent_segment,
            f.relationship_unknown, f.table_unknown,
        ),
    ),
)  # fmt: skip
_RULES: Mapping[str, _Rule] = {f.code_of(made): rule for rule, several in _BY_RULE for made in several}
"""Every other finding: what the query says cannot be said in real time, so the people of now are what is certain."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What we would decide; `choice` is empty where something else comes first."""

    choice: str
    sentence: str


def recommended(offers: Sequence[Offer], findings: Sequence[Finding], words: Words) -> Recommendation:
    """What we would decide about a segment, and why, in a sentence.

    Args:
        offers: what is open to it.
        findings: all of its findings.
        words: the words of the language.
    """
    reasons = [one for one in findings if one.severity in (Severity.DECISION, Severity.STOP)]
    reasons.sort(key=lambda one: -SEVERITIES.index(one.severity))
    rules = [_RULES.get(one.code, _CERTAIN if one.severity is Severity.DECISION else _FIRST) for one in reasons]
    open_to_it = {offer.choice for offer in offers}
    if _FIRST not in rules:
        for rule in sorted(rules, key=lambda one: _CAUTION.index(one.choices[0][0])):
            for choice, why in rule.choices:
                if choice in open_to_it:
                    sentence = words("recommended", choice=words(f"choice_{choice}"), why=words(why))
                    return Recommendation(choice, sentence)
    return Recommendation("", words("recommended_first"))


_FREEZING = {
    "en": (
        r"(?:[,;.] (?:or|Or)| or) (?:freeze the members of (?:now|this one)|frozen with the members it has now)"
        r"(?:: [^.]*)?(?=\.)|^Freeze the members of now, or ",
        r"[Ff]reez|frozen with",
    ),
    "de": (
        r"[,;.] (?:oder|Oder) frieren Sie [^.:;]* ein(?:: [^.]*)?(?=\.)"
        r"|^Frieren Sie die jetzigen Mitglieder ein, oder ",
        r"[Ff]rieren|eingefroren werden",
    ),
    "fr": (
        r"(?: ;|,|\.) (?:ou|Ou) figez [^.;:]*(?: : [^.]*)?(?=\.)|^Figez les membres actuels, ou ",
        r"[Ff]ig(?:ez|er|é)",
    ),
}
"""Per language: the part of an advice that speaks of freezing, and how to see that some of it is left."""


def without_freezing(advice: str, words: Words) -> str:
    """An advice for segments whose members nobody knows, so that they cannot be frozen.

    Args:
        advice: what to do, as the finding says it.
        words: the words of its language.
    """
    part, left = _FREEZING[words.language]
    plain = advice.replace("\u202f", " ").replace("\xa0", " ")
    shorter = re.sub(part, "", plain)
    if re.search(left, shorter):
        return words("advice_without")
    return advice if shorter == plain else words.spaced(shorter[:1].upper() + shorter[1:])
