"""What was found out about who is mailed, for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from migrator.base.counted import so_many
from migrator.base.errors import Exit
from migrator.contracts.reach import LISTS, Numbers, PurposeReach, Reach, SegmentReach

_WORDS = {
    "gone": "the contact no longer exists",
    "no-address": "no address",
    "inactive": "inactive",
    "do-not-email": "the contact's field says: no e-mail",
    "do-not-bulk-email": "the contact's field says: no bulk e-mail",
    "opted-out": "opted out since",
    "no-consent": "no record of consent",
    "topic-opted-out": "opted out of the topic",
    "topic-no-consent": "no record of consent for the topic",
    "unreadable": "cannot be told",
}


def reach_json(reach: Reach) -> dict[str, Any]:
    """What was found out, for scripts."""
    return {
        "as_of": reach.as_of,
        "purpose": _purpose_json(reach.purpose) if reach.purpose else None,
        "why_no_purpose": reach.why_no_purpose,
        "topic": reach.topic or None,
        "contact_fields": reach.contact_fields,
        "address": reach.address,
        "outbound_checked": list(reach.outbound_checked),
        "people": _numbers_json(reach.people) if reach.people else None,
        "people_with_the_other_switch": _numbers_json(reach.other_switch) if reach.other_switch else None,
        "live_segments": reach.live,
        "live_segments_unknown": reach.live_unknown,
        "purposes": [_purpose_json(one) | {"people": _numbers_json(one.people)} for one in reach.purposes],
        "segments": [
            {"legacy_id": str(one.legacy_id), "name": one.name, "live": one.live, **_numbers_json(one.numbers)}
            for one in reach.segments
        ],
        "unreadable": list(reach.unreadable),
    }


def _purpose_json(purpose: PurposeReach) -> dict[str, Any]:
    return {
        "id": str(purpose.id),
        "name": purpose.name,
        "type": purpose.type,
        "enforcement_model": purpose.model,
        "profiles": list(purpose.profiles),
    }


def _numbers_json(numbers: Numbers) -> dict[str, Any]:
    return {
        "members": numbers.members,
        "reached_before": numbers.reached_before,
        "reached_after": numbers.reached_after,
        "lost": numbers.lost,
        "newly_reached": numbers.newly_reached,
        "said_no": numbers.said_no,
        "neither": numbers.neither,
        "unknown": numbers.unknown,
        "reasons": dict(numbers.reasons),
    }


def fails_on_newly_reached(reach: Reach) -> Exit:
    """3 where anybody would be mailed who was not before, or where that cannot be told of everybody; 0 otherwise."""
    certain = all(one.numbers.newly_reached == 0 and not one.numbers.unknown for one in _counted(reach))
    return Exit.DONE if certain and reach.purpose and not reach.live_unknown else Exit.WAITING


def _counted(reach: Reach) -> list[SegmentReach]:
    return [one for one in reach.segments if one.numbers.members is not None]


def sentences(reach: Reach) -> Iterator[str]:
    """What was found out, for people."""
    if reach.unreadable:
        yield " ".join(reach.unreadable) + " What follows from it is unknown, which is not nobody."
    if reach.purpose is None:
        yield reach.why_no_purpose
    people = reach.people or Numbers()
    under = f"under “{reach.purpose.name}” ({reach.purpose.model})" if reach.purpose else ""
    topic = f", topic “{reach.topic}”" if reach.topic else ""
    if people.reached_after is not None and people.still is not None:
        yield (
            f"Of {_people(people.reached_before or 0)} who got our mail, {people.still:,} still will {under}{topic}; "
            f"{people.lost:,} will not{_because(people, 'lost')}."
        )
        yield f"{people.newly_reached:,} who did not get it would{_because(people, 'newly-reached')}."
        if people.said_no:
            yield (
                f"{people.said_no:,} of them had said no and have not opted in since: load consent before the first "
                "mail is sent, or write their opt-outs with: migrator reach --consent-file FILE"
            )
        if people.unknown:
            yield f"Of {_people(people.unknown or 0)} it cannot be told; none of these numbers has them."
    elif people.reached_before is not None:
        yield f"{people.reached_before:,} of {_people(people.members or 0)} got our mail; who will get it is unknown."
    if reach.other_switch and reach.other_switch.reached_after is not None:
        other = "checked" if reach.contact_fields == "ignored" else "ignored"
        yield (
            f"These numbers are for contact fields {reach.contact_fields} (switch Check contact consent for real-time "
            f"journeys). With {other} it would be {reach.other_switch.reached_after:,} reached, "
            f"{reach.other_switch.lost:,} lost, {reach.other_switch.newly_reached:,} new, "
            f"{reach.other_switch.said_no:,} of them who had said no."
        )
    if reach.live_unknown:
        yield f"Live segments whose members nobody knows: {reach.live_unknown:,} of {reach.live:,}; not counted."
    yield from _table(reach)
    shown = [one for one in _counted(reach) if one.numbers.lost or one.numbers.newly_reached or one.numbers.unknown]
    for one in sorted(shown, key=lambda one: (-(one.numbers.said_no or 0), -(one.numbers.lost or 0)))[:20]:
        yield f"  “{one.name}” ({one.legacy_id}): {_line(one.numbers)}"
    if len(shown) > 20:
        yield f"  … and {len(shown) - 20:,} more segments; all of them with --json"
    if reach.purpose and shown:
        yield f"Ids with reasons, for you alone: {LISTS}/<segment id>.csv"


def _people(count: int) -> str:
    return so_many(count, "person", "people")


def _because(numbers: Numbers, group: str) -> str:
    parts = [
        f"{count:,} {_WORDS.get(reason, reason)}"
        for key, count in sorted(numbers.reasons.items(), key=lambda one: -one[1])
        for found, _, reason in [key.partition(":")]
        if found == group
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _line(numbers: Numbers) -> str:
    if numbers.reached_after is None:
        return (
            f"{so_many(numbers.members or 0, 'member')}, {_shown(numbers.reached_before)} reached before, after unknown"
        )
    return (
        f"{so_many(numbers.members or 0, 'member')}, {numbers.reached_before:,} reached before and "
        f"{numbers.reached_after:,} after: "
        f"{numbers.lost:,} lost, {numbers.newly_reached:,} new ({numbers.said_no:,} said no)"
        + (f", {numbers.unknown:,} unknown" if numbers.unknown else "")
    )


def _table(reach: Reach) -> Iterator[str]:
    """The numbers of each purpose side by side, in distinct people over all live segments."""
    if not reach.purposes:
        return
    width = max(len("purpose"), *(len(one.name) for one in reach.purposes)) + 2
    heads = ("still", "lost", "new", "said no", "neither", "unknown")
    yield f"{'purpose':<{width}}{'model':<17}" + "".join(f"{head:>10}" for head in heads)
    for one in reach.purposes:
        people = one.people
        numbers = (people.still, people.lost, people.newly_reached, people.said_no, people.neither, people.unknown)
        if people.reached_after is None:
            numbers = (None, None, None, None, None, people.unknown)
        yield f"{one.name:<{width}}{one.model:<17}" + "".join(f"{_shown(count):>10}" for count in numbers)


def _shown(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"
