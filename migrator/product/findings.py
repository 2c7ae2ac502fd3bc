"""The catalogue of findings: what the tool has to say about a segment, in words that can be read aloud.

One function a finding. Its name is the stable code (with hyphens), its decorator the severity, its parameters the
facts, its result the sentence and the advice. `docs/findings.md` is generated from this file.

The severity decides the outcome of a segment: the highest one wins (see `Severity`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")


class Severity(StrEnum):
    """How much a finding weighs, and what it makes of the segment that carries it."""

    NOTE = "note"
    """Good to know; the segment is carried over as it is."""
    CHANGE = "change"
    """Carried over with a named change: the segment is *adapted*."""
    DECISION = "decision"
    """A person has to decide first: the segment is *flagged* and not loaded."""
    STOP = "stop"
    """Cannot be carried over: the segment is *blocked*."""


SEVERITIES = tuple(Severity)
"""From light to heavy."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found about one segment."""

    code: str
    severity: Severity
    message: str
    advice: str


def within(name: str, finding: Finding) -> Finding:
    """A finding about another segment whose query was put in the place of a reference to it."""
    return Finding(
        finding.code, finding.severity, f"In “{name}”, whose query is used here: {finding.message}", finding.advice
    )


CATALOGUE: dict[str, tuple[Severity, str]] = {}
"""Every code with its severity and, from the docstring, what it means."""


def _finding(severity: Severity) -> Callable[[Callable[P, tuple[str, str]]], Callable[P, Finding]]:
    def register(sentences: Callable[P, tuple[str, str]]) -> Callable[P, Finding]:
        code = sentences.__name__.replace("_", "-")
        CATALOGUE[code] = (severity, (sentences.__doc__ or "").strip())

        @wraps(sentences)
        def make(*args: P.args, **kwargs: P.kwargs) -> Finding:
            message, advice = sentences(*args, **kwargs)
            return Finding(code, severity, message, advice)

        return make

    return register


def code_of(made: Callable[..., Finding]) -> str:
    """The code of the findings that a function makes.

    Args:
        made: a function of this catalogue.
    """
    return made.__name__.replace("_", "-")


# --- status ----------------------------------------------------------------------------------------------------------


@_finding(Severity.CHANGE)
def status_expired(status: str) -> tuple[str, str]:
    """The segment had expired; it arrives as a draft."""
    return (
        f"The segment was {status} in outbound marketing and arrives as a draft.",
        "Decide whether it is still needed; publish it in real-time journeys if so, delete it if not.",
    )


@_finding(Severity.CHANGE)
def status_error(status: str) -> tuple[str, str]:
    """The segment was in an error state; it arrives as a draft."""
    return (
        f"The segment was in the state {status} in outbound marketing and arrives as a draft.",
        "Its last membership may be out of date. Check the members before you publish it.",
    )


@_finding(Severity.STOP)
def status_unknown(code: int | None) -> tuple[str, str]:
    """The status code is none that the product's documentation names."""
    return (
        f"The status code {'is missing' if code is None else code} is none of the eight that outbound marketing had.",
        "Look the segment up in the organisation. If the status is right, tell us the code so that it can be mapped.",
    )


@_finding(Severity.STOP)
def type_unknown(code: int | None) -> tuple[str, str]:
    """The segment type is neither static, dynamic nor compound."""
    return (
        f"The segment type {'is missing' if code is None else code} is neither static, dynamic nor compound.",
        "Look the segment up in the organisation. If the type is right, tell us the code so that it can be mapped.",
    )


@_finding(Severity.STOP)
def id_unreadable() -> tuple[str, str]:
    """The row of the segment has no readable id."""
    return (
        "The organisation gave a row without a readable id among its segments, so nobody can say which segment it is.",
        "Look through the segments in the organisation for one that is missing here; the row is in the export's "
        "segments.jsonl.",
    )


@_finding(Severity.CHANGE)
def value_unreadable(columns: str) -> tuple[str, str]:
    """A value of the row cannot be read and is taken as unknown."""
    return (
        f"What the organisation gave for {columns} cannot be read; it is taken as unknown.",
        "Look at the segment in the organisation, and compare its size there with the number that was read.",
    )


@_finding(Severity.DECISION)
def membership_unreadable(columns: str) -> tuple[str, str]:
    """A value that helps to decide who is a member cannot be read."""
    return (
        f"What the organisation gave for {columns} cannot be read, and it helps to decide who is a member.",
        "Look at the segment in the organisation. Approve it if it is meant for the whole organisation and counts in "
        "UTC; otherwise correct it there and extract again.",
    )


@_finding(Severity.NOTE)
def kept_as_draft() -> tuple[str, str]:
    """The segment was live, but the run was asked to create drafts only."""
    return (
        "The segment was live and arrives as a draft, because this run creates drafts only.",
        "Publish it in real-time journeys, or repeat the run without --drafts-only.",
    )


# --- members ---------------------------------------------------------------------------------------------------------


@_finding(Severity.DECISION)
def members_unknown(reason: str) -> tuple[str, str]:
    """The members of a static segment could not be read. It is never created empty."""
    return (
        f"The members of this static segment could not be read: {reason}. Unknown is not empty, so nothing is created.",
        "Find an export of its members that was made in time, or restore a copy of the organisation; "
        "leave the segment out if nobody needs it any more.",
    )


@_finding(Severity.DECISION)
def members_pending(waited: float) -> tuple[str, str]:
    """Changes to the members were still being processed when the extraction stopped waiting."""
    return (
        f"The organisation was still changing the members of this segment after {waited:g} seconds of waiting, "
        "so the list that was read may not be the final one.",
        "Extract again later, or with a longer --wait-pending.",
    )


@_finding(Severity.NOTE)
def pending_state_unclear(answer: str) -> tuple[str, str]:
    """The organisation answered in an unknown way whether member changes are under way."""
    return (
        f"Whether member changes are still under way could not be told: {answer}",
        "Compare the number of members with what outbound marketing shows.",
    )


@_finding(Severity.CHANGE)
def member_ids_cleaned(unreadable: int, duplicates: int) -> tuple[str, str]:
    """The list of member ids held entries that are no ids, or the same id more than once."""
    parts = []
    if unreadable:
        parts.append(f"{unreadable:,} that {'is no id' if unreadable == 1 else 'are no ids'}")
    if duplicates:
        parts.append(f"{duplicates:,} that stood there twice")
    return (
        f"The list of members held entries that were left out: {' and '.join(parts)}.",
        "Nothing to do when the remaining count is right; the list that was read is in the export folder.",
    )


@_finding(Severity.NOTE)
def members_from_row(count: int) -> tuple[str, str]:
    """The outbound service did not answer; the ids come from the segment row itself."""
    return (
        f"The {count:,} members were taken from the segment's own row, because the outbound service no longer answers.",
        "The row may hold contacts that have been deleted since; the comparison after loading shows how many.",
    )


@_finding(Severity.DECISION)
def members_from_old_row(count: int) -> tuple[str, str]:
    """The ids come from the row of a segment that was live, and no recorded size tells whether they are of today."""
    return (
        f"The {count:,} members are those of the segment's own row, and nothing tells how old they are: since 2020 the "
        "product no longer keeps this column up to date.",
        "Compare them with what people know of the segment, or import a list that was exported in time. To take the "
        "rows of all such segments: --members-from-row accept.",
    )


@_finding(Severity.NOTE)
def size_differs(recorded: int, read: int) -> tuple[str, str]:
    """The count that outbound marketing last recorded is not the number of members that were read."""
    return (
        f"Outbound marketing last recorded {recorded:,} members; {read:,} were read.",
        "The record may be older than the list. The number of members that were read is used from here on.",
    )


@_finding(Severity.DECISION)
def size_far_off(recorded: int, read: int, tolerance: float) -> tuple[str, str]:
    """The recorded size and the number of static members that were read differ by more than the tolerance."""
    return (
        f"Outbound marketing last recorded {recorded:,} members; {read:,} were read, which is more than "
        f"{tolerance:.0%} apart.",
        "Find out which number is right. Approve the segment to carry over the members that were read, or import a "
        "better list with migrator import-members.",
    )


@_finding(Severity.DECISION)
def nobody_left() -> tuple[str, str]:
    """Nobody is left of the static members that were to be read; a segment that was not known to be empty would be."""
    return (
        "Nobody is left of its members: the list names nobody, or nobody whom the organisation knows.",
        "Look whether it is the right list and the right organisation. Approve the segment only if it is to be empty.",
    )


@_finding(Severity.NOTE)
def members_from_file(name: str, count: int) -> tuple[str, str]:
    """The members were read from a file that somebody exported in time."""
    return (
        f"The {count:,} members come from the file {name}.",
        "The list is as old as that file. Whoever joined or left since is not in it.",
    )


@_finding(Severity.NOTE)
def members_from_list(name: str, count: int) -> tuple[str, str]:
    """The members were read from a marketing list."""
    return (
        f"The {count:,} members come from the marketing list {name}.",
        "Somebody named this list for the segment. Compare both before the segment goes live.",
    )


@_finding(Severity.CHANGE)
def contacts_gone(count: int) -> tuple[str, str]:
    """Members that were read are no longer contacts of the organisation."""
    return (
        f"{count:,} member{'s' if count != 1 else ''} no longer exist{'s' if count == 1 else ''} as contact"
        f"{'s' if count != 1 else ''}, and {'is' if count == 1 else 'are'} left out.",
        "Nothing to do: nobody can get mail who is deleted. They are listed in the folder imports of the export.",
    )


@_finding(Severity.DECISION)
def many_contacts_gone(count: int, of: int) -> tuple[str, str]:
    """So many ids of a list belong to no contact that it may be the wrong list, or one of another organisation."""
    return (
        f"{count:,} of {of:,} ids belong to no contact of the organisation, which is more than the tolerance.",
        "Look whether it is the right list and the right organisation. If these contacts were deleted: migrator "
        "import-members --accept gone, or approve the segment.",
    )


@_finding(Severity.DECISION)
def addresses_not_found(count: int) -> tuple[str, str]:
    """E-mail addresses of an imported file belong to no contact."""
    return (
        f"{count:,} e-mail address{'es belong' if count != 1 else ' belongs'} to no contact.",
        "They are listed in the folder imports of the export. Create or correct those contacts, and import again; or "
        "leave them out: migrator import-members --accept not-found.",
    )


@_finding(Severity.DECISION)
def addresses_ambiguous(count: int) -> tuple[str, str]:
    """E-mail addresses of an imported file belong to several contacts each."""
    return (
        f"{count:,} e-mail address{'es belong' if count != 1 else ' belongs'} to several contacts each.",
        "They are listed in the folder imports, with these contacts. Import ids in their place; or take every contact "
        "with such an address, as the product does: migrator import-members --accept ambiguous.",
    )


@_finding(Severity.DECISION)
def rows_unreadable(name: str, count: int) -> tuple[str, str]:
    """Rows of an imported file hold neither an id nor an e-mail address."""
    return (
        f"{count:,} row{'s' if count != 1 else ''} of {name} hold{'' if count != 1 else 's'} neither an id nor an "
        "e-mail address that can be read.",
        "They are listed in the folder imports of the export. Mend the file, and import again; or leave them out: "
        "migrator import-members --accept unreadable.",
    )


@_finding(Severity.DECISION)
def import_unanswered(question: str) -> tuple[str, str]:
    """A file that belongs to the segment waits for an answer, so that nobody knows who is in it."""
    return (
        f"A file that belongs to this segment was not imported: {question}",
        "Import it again with the answer; or go on without that file: migrator import-members --accept question.",
    )


@_finding(Severity.DECISION)
def exclusions_in_doubt(name: str, what: str) -> tuple[str, str]:
    """Not everybody whom a file excludes could be found: whoever is missed would get mail."""
    return (
        f"Not all of those whom {name or 'a file'} excludes are known: {what}. Whoever is missed would get mail.",
        "They are listed in the folder imports of the export. Mend the file, and import it again with --exclude "
        "--replace; or settle it with migrator import-members --accept.",
    )


@_finding(Severity.CHANGE)
def doubt_accepted(what: str) -> tuple[str, str]:
    """A person has settled a doubt about a list of members."""
    return (
        f"As a person has decided, {what}.",
        "Nothing to do. What it is about is listed in the folder imports of the export.",
    )


@_finding(Severity.CHANGE)
def hidden_rows_left_out(count: int) -> tuple[str, str]:
    """Hidden or filtered rows of a file were left out, as a person wanted."""
    return (
        f"{count:,} row{'s' if count != 1 else ''} that {'were' if count != 1 else 'was'} hidden or filtered out in "
        f"the file {'are' if count != 1 else 'is'} left out.",
        "Nothing to do if the visible rows are the members. Else import the file again with --hidden keep.",
    )


@_finding(Severity.NOTE)
def members_inactive(count: int) -> tuple[str, str]:
    """Some members are inactive contacts."""
    return (
        f"{count:,} of the members {'are' if count != 1 else 'is an'} inactive contact{'s' if count != 1 else ''}.",
        "They stay in the segment, as they were before. They are listed in the folder imports of the export.",
    )


@_finding(Severity.NOTE)
def members_excluded(count: int) -> tuple[str, str]:
    """The export names exclusions; they become Exclude groups."""
    return (
        f"{count:,} contact{'s are' if count != 1 else ' is'} excluded by name.",
        "They become Exclude groups, which take members out whatever else puts them in.",
    )


@_finding(Severity.DECISION)
def too_many_members(count: int, most: int, parts: int) -> tuple[str, str]:
    """More static members than ten groups can hold."""
    return (
        f"The segment has {count:,} static members; a real-time segment holds at most {most:,} in its static groups.",
        f"Split it into {parts} numbered segments and one over all of them, by running again with --split; or describe "
        "its members by a query.",
    )


@_finding(Severity.CHANGE)
def split_into_segments(count: int, parts: int) -> tuple[str, str]:
    """A static segment is too large, and became several with one over all of them."""
    return (
        f"The {count:,} members are spread over {parts} numbered segments; a segment over all of them takes the place "
        "of the old one.",
        "Use the segment over all of them. The numbered ones have to stay, since it is made of them.",
    )


@_finding(Severity.CHANGE)
def split_into_groups(count: int, groups: int, most: int) -> tuple[str, str]:
    """More static members than one group can hold."""
    return (
        f"The {count:,} members are spread over {groups} groups, because one group holds at most {most:,}.",
        "Nothing to do: together the groups hold exactly the same members.",
    )


# --- queries ---------------------------------------------------------------------------------------------------------


@_finding(Severity.STOP)
def query_missing() -> tuple[str, str]:
    """A dynamic or compound segment without a query."""
    return (
        "The segment has no query, so there is nothing that could be carried over.",
        "Open it in the organisation; if it was never finished, it can be left behind.",
    )


@_finding(Severity.STOP)
def query_unreadable(error: str) -> tuple[str, str]:
    """The query breaks the rules of the query language."""
    return (
        f"The query cannot be read: {error}",
        "Correct the query of the outbound segment, or write the real-time segment by hand.",
    )


@_finding(Severity.DECISION)
def queries_differ(other: str) -> tuple[str, str]:
    """`msdyncrm_segmentquery` and `msdyncrm_query` hold different queries."""
    return (
        "The columns msdyncrm_segmentquery and msdyncrm_query hold different queries. The first one would be used; the "
        f"other one is: {other}",
        "Find out which one is meant, and correct the segment so that both columns say the same; then extract again.",
    )


@_finding(Severity.DECISION)
def compound_segment(references: int) -> tuple[str, str]:
    """A compound segment: built from other segments."""
    return (
        f"This is a compound segment, built from {references} other segment{'s' if references != 1 else ''}. "
        "It waits for a decision and is not created.",
        "Decide whether it is to be rebuilt on the migrated segments or frozen with the members it has now.",
    )


@_finding(Severity.CHANGE)
def compound_translated() -> tuple[str, str]:
    """A compound segment, rebuilt on the migrated segments."""
    return (
        "This compound segment is rebuilt on the segments that it was made of, as they are migrated.",
        "Nothing to do when the members agree; it changes when those segments change.",
    )


@_finding(Severity.CHANGE)
def frozen(count: int) -> tuple[str, str]:
    """The members of now become a static segment."""
    return (
        f"The {count:,} members of now are frozen in a static segment, which does not change by itself any more.",
        "Add and remove members by hand, or build a dynamic segment later.",
    )


@_finding(Severity.CHANGE)
def approved(decision: str) -> tuple[str, str]:
    """A person has decided what becomes of a flagged segment."""
    return (f"A person decided: {decision}.", "Nothing to do; the decision is kept in the run folder.")


@_finding(Severity.DECISION)
def predicted_otherwise(missing: int, surplus: int) -> tuple[str, str]:
    """On the organisation's own data the real-time segment selects other people than the original."""
    return (
        f"Predicted on the organisation's own data: {missing:,} active contacts of the original would be missing, and "
        f"{surplus:,} others would be in it.",
        "Look at the ids in the folder predicted of the run. Approve the segment if these people are right; otherwise "
        "freeze its members, or build it anew.",
    )


@_finding(Severity.DECISION)
def built_on_a_held_segment(name: str) -> tuple[str, str]:
    """The query refers to a segment that waits, because it is predicted to select other people."""
    return (
        f"The query refers to “{name}”, which waits because it is predicted to select other people.",
        "Decide about that segment first; then this one follows, or is approved by itself.",
    )


@_finding(Severity.CHANGE)
def query_turned_round(way: str) -> tuple[str, str]:
    """The query started at another table and was turned round, so that it begins at contact."""
    return (
        f"The query went through the tables {way}; it was turned round, so that it begins at contact.",
        "Nothing to do when the members agree after loading.",
    )


@_finding(Severity.CHANGE)
def query_spread(count: int) -> tuple[str, str]:
    """One condition spoke of contact and of a related table; it became several sets."""
    return (
        f"A condition spoke of contact or of a related table; it was spread over {count} sets that are united.",
        "Nothing to do when the members agree after loading.",
    )


@_finding(Severity.CHANGE)
def sets_rewritten() -> tuple[str, str]:
    """Parentheses between sets were rewritten by set algebra."""
    return (
        "Real-time queries know no parentheses between sets; they were rewritten without changing the members.",
        "Nothing to do when the members agree after loading.",
    )


@_finding(Severity.DECISION)
def sets_need_parentheses(part: str) -> tuple[str, str]:
    """Sets are combined in a way that needs parentheses, which real-time queries do not know."""
    return (
        f"The query needs parentheses around “{part}”, which real-time queries do not know.",
        "Create a segment with this part as its query, and refer to it by SEGMENT(…) in its place; "
        "or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def relationship_unknown(name: str, table: str, near: list[str]) -> tuple[str, str]:
    """The query names a relationship that the metadata does not have."""
    candidates = f" The nearest are {', '.join(near)}." if near else ""
    return (
        f"No relationship {name} of the table {table} is known.{candidates}",
        "Check the name. If the relationship exists, extract again, so that its metadata is part of the export.",
    )


@_finding(Severity.DECISION)
def relationship_ambiguous(name: str) -> tuple[str, str]:
    """The name of a relationship fits several, or a table that refers to itself."""
    return (
        f"The relationship {name} can be gone in more than one way, and the query does not say which one is meant.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@_finding(Severity.CHANGE)
def relationship_by_schema_name(name: str, outbound_name: str) -> tuple[str, str]:
    """The query names a relationship by its schema name, as real-time queries do."""
    return (
        f"The query names a relationship by its schema name, {name}; outbound queries call it {outbound_name}.",
        "Nothing to do when the members agree after loading.",
    )


@_finding(Severity.DECISION)
def intersect_sides(table: str) -> tuple[str, str]:
    """The query goes into the table between two others and does not leave it at the other side."""
    return (
        f"The query goes to the table {table}, which connects two others, and not from one of its sides to the other. "
        "Real-time queries always go from one end to the other.",
        "Name both sides of the relationship in the outbound query, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def table_unknown(table: str) -> tuple[str, str]:
    """A table that the query goes through is not in the metadata, and its key would have to be guessed."""
    return (
        f"The metadata does not have the table {table}, so its key is not known.",
        "Extract again, so that the metadata of this table is part of the export.",
    )


@_finding(Severity.DECISION)
def alias_reused(alias: str) -> tuple[str, str]:
    """A condition uses a name that the query gave to two tables."""
    return (
        f"The query calls two tables {alias}, and a condition does not say which of them it means.",
        "Give each table a name of its own in the outbound query, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def traverse_filter(column: str, tables: str) -> tuple[str, str]:
    """A condition inside TRAVERSE may be meant for either end of the relationship."""
    return (
        f"The condition on {column} stands inside TRAVERSE, and it cannot be told to which of the tables {tables} "
        "it belongs.",
        "Put the table's name before the column, or the condition into a FILTER of its own, and extract again.",
    )


@_finding(Severity.DECISION)
def intersect_condition(table: str) -> tuple[str, str]:
    """The query asks something of the table between two many-to-many tables."""
    return (
        f"The query asks something of the table {table}, which only connects two others; real-time queries skip it.",
        "Drop the condition on that table, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def condition_across_tables() -> tuple[str, str]:
    """One comparison takes a column of contact and one of a related table."""
    return (
        "The query compares a column of contact with a column of a related table; no real-time query is known to.",
        "Build the condition in another way, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def condition_spread_too_far(most: int) -> tuple[str, str]:
    """Conditions speak of contact and of a related table in so many combinations that they would fill too many sets."""
    return (
        f"Conditions on contact and on a related table are mixed in so many ways that more than {most} sets would be "
        "needed to say the same.",
        "Simplify the conditions, build them in the real-time segment builder, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def nobody_active() -> tuple[str, str]:
    """The query asks for inactive contacts only; real-time journeys hold active ones, so nobody would be in it."""
    return (
        "The query asks for contacts that are not active. Real-time segments hold active contacts only, so this one "
        "would be empty.",
        "Leave the segment behind, or freeze the members of now: a static segment keeps inactive contacts.",
    )


@_finding(Severity.DECISION)
def inactive_asked_for() -> tuple[str, str]:
    """A part of the query asks for inactive contacts, whom real-time queries do not select."""
    return (
        "A part of the query asks for contacts that are not active. Real-time queries select active contacts only, "
        "so those would be missing.",
        "Approve the segment if they need not be in it, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def inactive_kept() -> tuple[str, str]:
    """Contacts are taken out by a query, which in real time does not reach inactive ones."""
    return (
        "The query takes contacts out by their properties. In real time that reaches active contacts only, so inactive "
        "ones whom outbound marketing took out would stay in.",
        "Approve the segment if inactive contacts do not matter, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def no_change_tracking(table: str) -> tuple[str, str]:
    """A related table has no change tracking, which real-time segments need."""
    return (
        f"Change tracking is off for the table {table}, so real-time segments cannot ask about it.",
        "Switch change tracking on for the table (in its settings), then extract again.",
    )


@_finding(Severity.DECISION)
def query_behavioural(interactions: str) -> tuple[str, str]:
    """The query asks what people did (behavioural segment)."""
    return (
        f"The query asks what people did ({interactions}); the vendor gives no map to real-time interactions.",
        "Review the proposed query: it counts what outbound marketing recorded (msdynmkt_sourcesystem 1); newer ones "
        "count as well without that condition. If it is right, approve it, or repeat with --interactions translate.",
    )


@_finding(Severity.CHANGE)
def interactions_translated(interactions: str) -> tuple[str, str]:
    """Behavioural parts were carried over by our own map of interactions."""
    return (
        f"What people did ({interactions}) is asked of the real-time interactions by our own map.",
        "Compare the members: the vendor gives no such map.",
    )


@_finding(Severity.DECISION)
def interaction_unmapped(kind: str, why: str) -> tuple[str, str]:
    """An interaction of outbound marketing that has no documented counterpart in real time."""
    return (
        f"The interaction {kind} of outbound marketing has no documented counterpart in real-time journeys: {why}.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def interaction_link(kind: str, link: str) -> tuple[str, str]:
    """An interaction is linked with its people by something else than the contact."""
    return (
        f"The interaction {kind} is counted for {link}, not for contactId; real-time interactions are known to "
        "belong to the contact only.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def interaction_column(kind: str, column: str) -> tuple[str, str]:
    """A condition on an interaction uses a property without a known counterpart."""
    return (
        f"No counterpart of the property {column} of the interaction {kind} is known.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def having_zero() -> tuple[str, str]:
    """HAVING asks for a count of nothing, which outbound marketing forbids."""
    return (
        "HAVING asks for people with a count of 0. Outbound marketing forbids that, and people who never did "
        "anything are not counted in real time either.",
        "Take everybody EXCEPT those who did it at least once, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def interaction_unknown(kind: str, known: list[str]) -> tuple[str, str]:
    """There is no known counterpart for a type of interaction."""
    return (
        f"No counterpart of the interaction {kind} is known. Known are {', '.join(sorted(set(known)))}.",
        "Build the condition in the real-time segment builder, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def having_number(number: str) -> tuple[str, str]:
    """HAVING compares a count with a negative or fractional number."""
    return (
        f"HAVING compares a count with {number}; a count is a whole number from 0.",
        "Correct the query of the outbound segment, or freeze the members of now.",
    )


@_finding(Severity.STOP)
def reference_unknown(name: str) -> tuple[str, str]:
    """The query refers to a segment that the export does not have."""
    return (
        f"The query refers to the segment {name}, which is not in the export, or whose name is not unique.",
        "Extract all segments, or correct the reference.",
    )


@_finding(Severity.STOP)
def reference_cycle(path: list[str]) -> tuple[str, str]:
    """Segments refer to one another in a circle."""
    return (
        f"Segments refer to one another in a circle: {' → '.join(path)}.",
        "Correct one of the queries in outbound marketing.",
    )


@_finding(Severity.DECISION)
def references_too_deep(most: int) -> tuple[str, str]:
    """Segments refer to one another over too many levels."""
    return (
        f"Segments refer to one another over more than {most} levels.",
        "Rebuild the segments on fewer levels, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def reference_not_carried_over(name: str, outcome: str) -> tuple[str, str]:
    """The query refers to a segment that is not carried over."""
    return (
        f"The query refers to the segment “{name}”, which is {outcome} and not carried over by this plan.",
        "Decide on that segment first, or freeze the members of this one.",
    )


@_finding(Severity.CHANGE)
def reference_unfolded(name: str) -> tuple[str, str]:
    """A referred segment refers to others itself; its query was put in its place."""
    return (
        f"The segment “{name}” refers to others itself. Real-time journeys allow one level, so its query was put "
        "in its place.",
        "Later changes to that segment do not reach this one.",
    )


@_finding(Severity.DECISION)
def query_paged() -> tuple[str, str]:
    """The query takes or skips a number of contacts, which real-time queries cannot."""
    return (
        "The query takes a number of contacts only (SKIP, TAKE); real-time queries select all that fit.",
        "Freeze the members of now, or accept all that fit.",
    )


@_finding(Severity.DECISION)
def query_too_long(length: int, most: int) -> tuple[str, str]:
    """The real-time query is longer than the column takes."""
    return (
        f"The real-time query has {length:,} characters; the column takes {most:,}.",
        "Split the segment, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def query_too_large(most: int) -> tuple[str, str]:
    """With the queries of other segments in their places the query would be larger than can be sent."""
    return (
        f"With the queries of the segments that it refers to in their places, the query would have more than {most:,} "
        "parts.",
        "Freeze the members of now, here or in one of the segments that it refers to.",
    )


@_finding(Severity.NOTE)
def time_zone_carried(code: int) -> tuple[str, str]:
    """The segment counts relative dates in a time zone of its own, which is carried over."""
    return (
        f"The query counts from now, in the segment's own time zone (code {code}); the zone is carried over in "
        "msdynmkt_timezonecode.",
        "Look at people who are close to the border of a day; no document says how real time uses the zone.",
    )


@_finding(Severity.DECISION)
def time_zone_not_carried(code: int) -> tuple[str, str]:
    """The segment counts relative dates in a time zone of its own, which cannot be carried over."""
    return (
        f"The query counts from now, in the segment's own time zone (code {code}), and real-time segments of this "
        "organisation have no column for it.",
        "Approve the segment if a few hours do not matter, or freeze the members of now.",
    )


@_finding(Severity.DECISION)
def time_zones_differ(codes: str) -> tuple[str, str]:
    """Parts of the query count relative dates in different time zones; a real-time query has one."""
    return (
        f"Parts of the query count from now in different time zones ({codes}); a real-time segment has one.",
        "Approve the segment if a few hours do not matter, or freeze the members of now.",
    )


@_finding(Severity.NOTE)
def many_references(count: int, most: int) -> tuple[str, str]:
    """The real-time query refers to many segments; no limit is published."""
    return (
        f"The query refers to {count} segments. No limit is published, but more than {most} have not been seen.",
        "If publishing is refused, combine some of them into segments of their own first.",
    )


@_finding(Severity.STOP)
def audience_not_contact(entity: str) -> tuple[str, str]:
    """The query ends at another table than contact."""
    return (
        f"The query selects rows of the table {entity}; members of an outbound segment can only be contacts.",
        "Correct the query of the outbound segment, or write the real-time segment by hand.",
    )


@_finding(Severity.NOTE)
def unproven_construct(constructs: str) -> tuple[str, str]:
    """The query uses something of which no public example in real-time journeys is known."""
    return (
        f"The query uses {constructs}. It is carried over as it was written, but no public example shows "
        "that real-time journeys accept it.",
        "If publishing is refused, the message names the place; the segment then stays a draft.",
    )


@_finding(Severity.STOP)
def alias_unknown(column: str, alias: str) -> tuple[str, str]:
    """The query uses a name that it never gave to a table."""
    return (
        f"The query uses {column}, but nothing in it is called {alias}.",
        "Correct the query of the outbound segment, or write the real-time segment by hand.",
    )


@_finding(Severity.STOP)
def column_unknown(table: str, column: str) -> tuple[str, str]:
    """The query uses a column that the table does not have."""
    return (
        f"The table {table} has no column {column}, so real-time journeys would refuse the query.",
        "The column may have been deleted or renamed since. Correct the query, or add the column again.",
    )


@_finding(Severity.DECISION)
def column_rollup(table: str, column: str) -> tuple[str, str]:
    """The query uses a rollup column; the documents name them for outbound marketing only."""
    return (
        f"{table}.{column} is a rollup column. The documents exclude calculated and formula columns from real-time "
        "segments and say nothing about rollup columns.",
        "Approve the segment to find out: if publishing is refused, it stays a draft. Or freeze the members of now.",
    )


@_finding(Severity.STOP)
def column_not_stored(table: str, column: str, kind: str) -> tuple[str, str]:
    """The query uses a calculated, formula or virtual column."""
    return (
        f"{table}.{column} is a {kind} column; real-time journeys cannot use those in a segment.",
        "Copy the value into a plain column, for example with a flow, and use that column instead; "
        "or freeze the members of now.",
    )


# --- texts and origin ------------------------------------------------------------------------------------------------


@_finding(Severity.CHANGE)
def name_cut(length: int, most: int) -> tuple[str, str]:
    """The name is longer than real-time journeys allow."""
    return (
        f"The name has {length} characters and was cut to the {most} that real-time journeys allow.",
        "Rename the segment if the end of the name matters.",
    )


@_finding(Severity.CHANGE)
def name_missing() -> tuple[str, str]:
    """The segment has no name."""
    return ("The segment has no name; it is given one made of its id.", "Give it a name that people recognise.")


@_finding(Severity.NOTE)
def used_by_journeys(count: int, names: str) -> tuple[str, str]:
    """Journeys that send, or may, point at the segment."""
    return (
        f"{count} journeys that may send point at it: {names}.",
        "Once it is migrated, switch them to the new segment; migrator cutover lists them.",
    )


@_finding(Severity.NOTE)
def unused_for_long(since: str) -> tuple[str, str]:
    """No journey points at the segment, and none has used it for a year."""
    return (
        f"No journey points at it, and none has used it since {since}.",
        "Leave it behind if nobody needs it: migrator approve --finding unused-for-long --as skip",
    )


@_finding(Severity.CHANGE)
def twin_by_name(twin: str, people: str, name: str) -> tuple[str, str]:
    """A real-time segment with such a name is there already; nothing else shows that it is the same."""
    shared = f" Of the people of both, {people} are the same." if people else ""
    return (
        f"Real-time journeys have a segment “{twin}” already; only its name is alike.{shared} "
        f"The new one is created beside it, as “{name}”.",
        "If the one that is there is to be used instead, approve this one as adopt; if the new one is to take its "
        "place, as replace.",
    )


@_finding(Severity.DECISION)
def twin_with_same_query(twin: str) -> tuple[str, str]:
    """A real-time segment with the same query is there already."""
    return (
        f"Real-time journeys have a segment “{twin}” already, whose query means the same.",
        "Decide: adopt it as the successor, replace it by a new one, or keep both.",
    )


@_finding(Severity.DECISION)
def twin_with_same_people(twin: str, people: str) -> tuple[str, str]:
    """A real-time segment with the same people is there already."""
    return (
        f"Real-time journeys have a segment “{twin}” already, with the same people ({people}).",
        "Decide: adopt it as the successor, replace it by a new one, or keep both.",
    )


@_finding(Severity.NOTE)
def name_shared(count: int) -> tuple[str, str]:
    """Several segments have the same name."""
    return (
        f"{count} segments have this name. Each is carried over under the same name.",
        "Rename them in real-time journeys so that people can tell them apart; the id in the report does.",
    )


@_finding(Severity.CHANGE)
def description_cut(length: int, most: int) -> tuple[str, str]:
    """The description is longer than real-time journeys allow."""
    return (
        f"The description has {length:,} characters and was cut to the {most:,} that real-time journeys allow.",
        "The whole text is in the export folder.",
    )


@_finding(Severity.CHANGE)
def creator_cut(length: int, most: int) -> tuple[str, str]:
    """The name of the original creator is longer than real-time journeys allow."""
    return (
        f"The creator's name has {length} characters and was cut to {most}.",
        "Nothing to do; the whole name is in the export folder.",
    )


@_finding(Severity.DECISION)
def mirrored_segment() -> tuple[str, str]:
    """The segment is a mirror of one in Customer Insights - Data."""
    return (
        "The segment is mirrored from Customer Insights - Data, which offers it to real-time journeys by itself.",
        "Use the segment that Customer Insights - Data exports. Load this one only if you want a frozen copy.",
    )


@_finding(Severity.CHANGE)
def scope_unknown(code: int) -> tuple[str, str]:
    """The scope is neither organisation nor business unit."""
    return (
        f"The scope {code} is neither organisation nor business unit; the segment gets the organisation's scope.",
        "Check who is allowed to see the segment's members.",
    )


# --- reach: who will be mailed ---------------------------------------------------------------------------------------


@_finding(Severity.NOTE)
def reach_lost(lost: int, before: int) -> tuple[str, str]:
    """Some who got mail through this segment will not get it any more."""
    return (
        f"{lost:,} of {before:,} members who got mail will not get it under this purpose.",
        "Load consent where it was given, or choose another purpose; of those who have opted out since, nothing is to "
        "be done. Marketing and the data protection officer decide.",
    )


@_finding(Severity.CHANGE)
def reach_said_no(people: int) -> tuple[str, str]:
    """Some who had said no in outbound marketing would be mailed."""
    return (
        f"Members who had said no in outbound marketing, have no record in real time, and would be mailed: {people:,}.",
        "Load their opt-outs before the first mail is sent: Load consent in the consent center, or the file that "
        "migrator reach --consent-file writes. The data protection officer decides.",
    )


@_finding(Severity.CHANGE)
def reach_nobody(members: int) -> tuple[str, str]:
    """The segment arrives complete, and nobody in it would be mailed."""
    return (
        f"None of the {members:,} members would be mailed under this purpose, though some were before.",
        "Load consent, or choose another purpose, before the segment is used. Marketing and the data protection "
        "officer decide.",
    )


@_finding(Severity.NOTE)
def reach_unknown(people: int) -> tuple[str, str]:
    """Of some members it cannot be told whether they will be mailed."""
    return (
        f"Members of whom it cannot be told whether they will be mailed: {people:,}.",
        "Give the account the right to read consent, or look at the records whose value is not known.",
    )
