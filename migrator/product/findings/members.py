"""What there is to say about a list of members: where it comes from, what it lacks, how large it is."""

from __future__ import annotations

from migrator.base.counted import so_many
from migrator.product.findings.catalogue import Severity, finding


@finding(Severity.DECISION)
def members_unknown(reason: str) -> tuple[str, str]:
    """The members of a static segment could not be read. It is never created empty."""
    return (
        f"The members of this static segment could not be read: {reason}. Unknown is not empty, so nothing is created.",
        "Find an export of its members that was made in time, or restore a copy of the organisation; "
        "leave the segment out if nobody needs it any more.",
    )


@finding(Severity.DECISION)
def members_left_out() -> tuple[str, str]:
    """A filter left the segment out of the export, so nobody asked who is in it. It is never created empty."""
    return (
        "A filter left this segment out when the export was made, so nobody asked who is in it. Nothing is created.",
        "Extract again without the filter, as long as the organisation answers: migrator extract",
    )


@finding(Severity.DECISION)
def members_pending(waited: float) -> tuple[str, str]:
    """Changes to the members were still being processed when the extraction stopped waiting."""
    return (
        f"The organisation was still changing the members of this segment after {waited:g} seconds of waiting, "
        "so the list that was read may not be the final one.",
        "Extract again later, or with a longer --wait-pending.",
    )


@finding(Severity.NOTE)
def pending_state_unclear(answer: str) -> tuple[str, str]:
    """The organisation answered in an unknown way whether member changes are under way."""
    return (
        f"Whether member changes are still under way could not be told: {answer}",
        "Compare the number of members with what outbound marketing shows.",
    )


@finding(Severity.CHANGE)
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


@finding(Severity.NOTE)
def members_from_row(count: int) -> tuple[str, str]:
    """The outbound service did not answer; the ids come from the segment row itself."""
    return (
        f"The {so_many(count, 'member was', 'members were')} taken from the segment's own row, because the outbound "
        "service no longer answers.",
        "The row may hold contacts that have been deleted since; the comparison after loading shows how many.",
    )


@finding(Severity.DECISION)
def members_from_old_row(count: int) -> tuple[str, str]:
    """The ids come from the row of a segment that was live, and no recorded size tells whether they are of today."""
    return (
        f"The {so_many(count, 'member is that', 'members are those')} of the segment's own row, and nothing tells how "
        f"old {'it is' if count == 1 else 'they are'}: since 2020 the product no longer keeps this column up to date.",
        "Compare them with what people know of the segment, or import a list that was exported in time. To take the "
        "rows of all such segments: --members-from-row accept.",
    )


@finding(Severity.NOTE)
def size_differs(recorded: int, read: int) -> tuple[str, str]:
    """The count that outbound marketing last recorded is not the number of members that were read."""
    return (
        f"Outbound marketing last recorded {so_many(recorded, 'member')}; {so_many(read, 'was', 'were')} read.",
        "The record may be older than the list. The number of members that were read is used from here on.",
    )


@finding(Severity.DECISION)
def size_far_off(recorded: int, read: int, tolerance: float) -> tuple[str, str]:
    """The recorded size and the number of static members that were read differ by more than the tolerance."""
    return (
        f"Outbound marketing last recorded {so_many(recorded, 'member')}; "
        f"{so_many(read, 'was', 'were')} read, which is more than {tolerance:.0%} apart.",
        "Find out which number is right. Approve the segment to carry over the members that were read, or import a "
        "better list with migrator import-members.",
    )


@finding(Severity.DECISION)
def nobody_left() -> tuple[str, str]:
    """Nobody is left of the static members that were to be read; a segment that was not known to be empty would be."""
    return (
        "Nobody is left of its members: the list names nobody, or nobody whom the organisation knows.",
        "Look whether it is the right list and the right organisation. Approve the segment only if it is to be empty.",
    )


@finding(Severity.NOTE)
def members_from_file(name: str, count: int) -> tuple[str, str]:
    """The members were read from a file that somebody exported in time."""
    return (
        f"The {so_many(count, 'member comes', 'members come')} from the file {name}.",
        "The list is as old as that file. Whoever joined or left since is not in it.",
    )


@finding(Severity.NOTE)
def members_from_list(name: str, count: int) -> tuple[str, str]:
    """The members were read from a marketing list."""
    return (
        f"The {so_many(count, 'member comes', 'members come')} from the marketing list {name}.",
        "Somebody named this list for the segment. Compare both before the segment goes live.",
    )


@finding(Severity.CHANGE)
def contacts_gone(count: int) -> tuple[str, str]:
    """Members that were read are no longer contacts of the organisation."""
    return (
        so_many(
            count,
            "member no longer exists as contact, and is left out.",
            "members no longer exist as contacts, and are left out.",
        ),
        "Nothing to do: nobody can get mail who is deleted. They are listed in the folder imports of the export.",
    )


@finding(Severity.DECISION)
def many_contacts_gone(count: int, of: int) -> tuple[str, str]:
    """So many ids of a list belong to no contact that it may be the wrong list, or one of another organisation."""
    return (
        f"{count:,} of {so_many(of, 'id')} {'belongs' if count == 1 else 'belong'} to no contact of the "
        "organisation, which is more than the tolerance.",
        "Look whether it is the right list and the right organisation. If these contacts were deleted: migrator "
        "import-members --accept gone, or approve the segment.",
    )


@finding(Severity.DECISION)
def addresses_not_found(count: int) -> tuple[str, str]:
    """E-mail addresses of an imported file belong to no contact."""
    return (
        f"{count:,} e-mail address{'es belong' if count != 1 else ' belongs'} to no contact.",
        "They are listed in the folder imports of the export. Create or correct those contacts, and import again; or "
        "leave them out: migrator import-members --accept not-found.",
    )


@finding(Severity.DECISION)
def addresses_ambiguous(count: int) -> tuple[str, str]:
    """E-mail addresses of an imported file belong to several contacts each."""
    return (
        f"{count:,} e-mail address{'es belong' if count != 1 else ' belongs'} to several contacts each.",
        "They are listed in the folder imports, with these contacts. Import ids in their place; or take every contact "
        "with such an address, as the product does: migrator import-members --accept ambiguous.",
    )


@finding(Severity.DECISION)
def rows_unreadable(name: str, count: int) -> tuple[str, str]:
    """Rows of an imported file hold neither an id nor an e-mail address."""
    return (
        f"{so_many(count, f'row of {name} holds', f'rows of {name} hold')} neither an id nor an e-mail address that "
        "can be read.",
        "They are listed in the folder imports of the export. Mend the file, and import again; or leave them out: "
        "migrator import-members --accept unreadable.",
    )


@finding(Severity.DECISION)
def import_unanswered(question: str) -> tuple[str, str]:
    """A file that belongs to the segment waits for an answer, so that nobody knows who is in it."""
    return (
        f"A file that belongs to this segment was not imported: {question}",
        "Import it again with the answer; or go on without that file: migrator import-members --accept question.",
    )


@finding(Severity.DECISION)
def exclusions_in_doubt(name: str, what: str) -> tuple[str, str]:
    """Not everybody whom a file excludes could be found: whoever is missed would get mail."""
    return (
        f"Not all of those whom {name or 'a file'} excludes are known: {what}. Whoever is missed would get mail.",
        "They are listed in the folder imports of the export. Mend the file, and import it again with --exclude "
        "--replace; or settle it with migrator import-members --accept.",
    )


@finding(Severity.CHANGE)
def doubt_accepted(what: str) -> tuple[str, str]:
    """A person has settled a doubt about a list of members."""
    return (
        f"As a person has decided, {what}.",
        "Nothing to do. What it is about is listed in the folder imports of the export.",
    )


@finding(Severity.CHANGE)
def hidden_rows_left_out(count: int) -> tuple[str, str]:
    """Hidden or filtered rows of a file were left out, as a person wanted."""
    return (
        so_many(
            count,
            "row that was hidden or filtered out in the file is left out.",
            "rows that were hidden or filtered out in the file are left out.",
        ),
        "Nothing to do if the visible rows are the members. Else import the file again with --hidden keep.",
    )


@finding(Severity.NOTE)
def members_inactive(count: int) -> tuple[str, str]:
    """Some members are inactive contacts."""
    return (
        so_many(count, "of the members is an inactive contact.", "of the members are inactive contacts."),
        "They stay in the segment, as they were before. They are listed in the folder imports of the export.",
    )


@finding(Severity.NOTE)
def members_excluded(count: int) -> tuple[str, str]:
    """The export names exclusions; they become Exclude groups."""
    return (
        f"{count:,} contact{'s are' if count != 1 else ' is'} excluded by name.",
        "They become Exclude groups, which take members out whatever else puts them in.",
    )


@finding(Severity.DECISION)
def too_many_members(count: int, most: int, parts: int) -> tuple[str, str]:
    """More static members than ten groups can hold."""
    return (
        f"The segment has {count:,} static members; a real-time segment holds at most {most:,} in its static groups.",
        f"Split it into {parts} numbered segments and one over all of them, by running again with --split; or describe "
        "its members by a query.",
    )


@finding(Severity.CHANGE)
def split_into_segments(count: int, parts: int) -> tuple[str, str]:
    """A static segment is too large, and became several with one over all of them."""
    return (
        f"The {count:,} members are spread over {parts} numbered segments; a segment over all of them takes the place "
        "of the old one.",
        "Use the segment over all of them. The numbered ones have to stay, since it is made of them.",
    )


@finding(Severity.CHANGE)
def split_into_groups(count: int, groups: int, most: int) -> tuple[str, str]:
    """More static members than one group can hold."""
    return (
        f"The {count:,} members are spread over {groups} groups, because one group holds at most {most:,}.",
        "Nothing to do: together the groups hold exactly the same members.",
    )
