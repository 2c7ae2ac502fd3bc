"""Who may be mailed, rule by rule, as a marketer would read it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.product.codes import EnforcementModel
from migrator.reach.rules import (
    KINDS,
    Checked,
    ContactFields,
    Facts,
    Group,
    Reason,
    Rules,
    Said,
    Verdict,
    after,
    before,
    facts_of,
    judge,
    kind_of,
    verdicts,
)

RESTRICTIVE, NON_RESTRICTIVE, DISABLED = EnforcementModel
COMMERCIAL = Rules(NON_RESTRICTIVE)


@pytest.mark.parametrize(
    ("model", "said", "reason"),
    [
        (RESTRICTIVE, Said.NO, Reason.OPTED_OUT),
        (RESTRICTIVE, Said.NOTHING, Reason.NO_CONSENT),
        (RESTRICTIVE, Said.YES, None),
        (RESTRICTIVE, Said.UNREADABLE, Reason.UNREADABLE),
        (NON_RESTRICTIVE, Said.NO, Reason.OPTED_OUT),
        (NON_RESTRICTIVE, Said.NOTHING, None),
        (NON_RESTRICTIVE, Said.YES, None),
        (NON_RESTRICTIVE, Said.UNREADABLE, Reason.UNREADABLE),
        (DISABLED, Said.NO, None),
        (DISABLED, Said.NOTHING, None),
        (DISABLED, Said.YES, None),
        (DISABLED, Said.UNREADABLE, None),
    ],
)
def test_the_model_of_the_purpose_decides_by_what_the_address_said(
    model: EnforcementModel, said: Said, reason: Reason | None
) -> None:
    assert after(Facts(purpose=said), Rules(model)) is reason


@pytest.mark.parametrize(
    ("model", "purpose", "topic", "reason"),
    [
        (NON_RESTRICTIVE, Said.NOTHING, Said.NO, Reason.TOPIC_OPTED_OUT),
        (NON_RESTRICTIVE, Said.NOTHING, Said.NOTHING, None),
        (NON_RESTRICTIVE, Said.NO, Said.YES, Reason.OPTED_OUT),
        (RESTRICTIVE, Said.YES, Said.NOTHING, Reason.TOPIC_NO_CONSENT),
        (RESTRICTIVE, Said.YES, Said.YES, None),
        (RESTRICTIVE, Said.NOTHING, Said.YES, Reason.NO_CONSENT),
        (DISABLED, Said.NO, Said.NO, None),
        (NON_RESTRICTIVE, Said.YES, Said.UNREADABLE, Reason.UNREADABLE),
    ],
)
def test_a_topic_counts_only_below_a_purpose_that_lets_the_message_through(
    model: EnforcementModel, purpose: Said, topic: Said, reason: Reason | None
) -> None:
    assert after(Facts(purpose=purpose, topic=topic), Rules(model, topic=True)) is reason
    assert after(Facts(purpose=purpose, topic=topic), Rules(model)) is after(Facts(purpose=purpose), Rules(model))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(), None),
        (Facts(found=False), Reason.GONE),
        (Facts(address=False), Reason.NO_ADDRESS),
        (Facts(active=False), Reason.INACTIVE),
        (Facts(refuses_mail=True), Reason.DO_NOT_EMAIL),
        (Facts(refuses_bulk=True), Reason.DO_NOT_BULK_EMAIL),
        (Facts(purpose=Said.NO, topic=Said.NO), None),
        (Facts(address_after=False), None),
    ],
)
def test_outbound_asked_the_contact_alone(facts: Facts, reason: Reason | None) -> None:
    assert before(facts, COMMERCIAL) is reason


@pytest.mark.parametrize(
    ("checked", "facts"),
    [
        (Checked.ACTIVE, Facts(active=False)),
        (Checked.DO_NOT_EMAIL, Facts(refuses_mail=True)),
        (Checked.DO_NOT_BULK_EMAIL, Facts(refuses_bulk=True)),
    ],
)
def test_what_outbound_did_not_enforce_kept_nobody_out(checked: Checked, facts: Facts) -> None:
    rules = replace(COMMERCIAL, outbound=frozenset(Checked) - {checked})
    assert before(facts, rules) is None
    assert before(facts, COMMERCIAL) is not None


def test_the_switch_makes_the_contacts_fields_count_and_bulk_only_for_commercial_mail() -> None:
    on = replace(COMMERCIAL, fields=ContactFields.CHECKED)
    transactional = replace(on, commercial=False)
    assert after(Facts(refuses_mail=True), on) is Reason.DO_NOT_EMAIL
    assert after(Facts(refuses_bulk=True), on) is Reason.DO_NOT_BULK_EMAIL
    assert after(Facts(refuses_mail=True), transactional) is Reason.DO_NOT_EMAIL
    assert after(Facts(refuses_bulk=True), transactional) is None
    assert after(Facts(refuses_mail=True, refuses_bulk=True), COMMERCIAL) is None


def test_who_had_said_no_and_has_no_record_is_the_dangerous_one() -> None:
    assert judge(Facts(refuses_bulk=True), COMMERCIAL) == Verdict(Group.NEW, Reason.DO_NOT_BULK_EMAIL, said_no=True)
    opted_in = Facts(refuses_bulk=True, purpose=Said.YES)
    assert judge(opted_in, COMMERCIAL) == Verdict(Group.NEW, Reason.DO_NOT_BULK_EMAIL, said_no=False)
    opted_out = Facts(refuses_bulk=True, purpose=Said.NO)
    assert judge(opted_out, COMMERCIAL) == Verdict(Group.NEITHER, Reason.OPTED_OUT)
    assert judge(opted_out, Rules(DISABLED)) == Verdict(Group.NEW, Reason.DO_NOT_BULK_EMAIL, said_no=True)


def test_a_transactional_message_asked_for_donotemail_alone_before_too() -> None:
    transactional = Rules(DISABLED, commercial=False)
    assert judge(Facts(refuses_bulk=True), transactional) == Verdict(Group.STILL)
    assert judge(Facts(refuses_mail=True), transactional) == Verdict(Group.NEW, Reason.DO_NOT_EMAIL, said_no=True)


def test_who_is_lost_and_why() -> None:
    assert judge(Facts(), Rules(RESTRICTIVE)) == Verdict(Group.LOST, Reason.NO_CONSENT)
    assert judge(Facts(purpose=Said.NO), COMMERCIAL) == Verdict(Group.LOST, Reason.OPTED_OUT)
    assert judge(Facts(address_after=False), COMMERCIAL) == Verdict(Group.LOST, Reason.NO_ADDRESS)
    lenient = replace(COMMERCIAL, outbound=frozenset({Checked.DO_NOT_EMAIL}))
    assert judge(Facts(active=False), lenient) == Verdict(Group.LOST, Reason.INACTIVE)


def test_what_cannot_be_read_is_unknown_and_never_a_number() -> None:
    assert judge(Facts(), Rules(None)) == Verdict(Group.UNKNOWN, Reason.UNREADABLE)
    assert judge(Facts(address=False, address_after=False), Rules(None)) == Verdict(Group.NEITHER, Reason.NO_ADDRESS)


def test_every_kind_of_people_has_its_own_number() -> None:
    assert [kind_of(facts_of(kind)) for kind in range(KINDS)] == list(range(KINDS))
    assert len({facts_of(kind) for kind in range(KINDS)}) == KINDS
    assert facts_of(0) == Facts(False, False, False, False)


RULES = st.builds(
    Rules,
    st.sampled_from([*EnforcementModel, None]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(list(ContactFields)),
    st.frozensets(st.sampled_from(list(Checked))),
)


@settings(deadline=None)
@given(RULES, st.lists(st.integers(0, KINDS - 1), max_size=200))
def test_the_four_numbers_add_up(rules: Rules, people: list[int]) -> None:
    every = verdicts(rules)
    known = [kind for kind in people if every[kind].group is not Group.UNKNOWN]
    count = {group: sum(every[kind].group is group for kind in people) for group in Group}
    reached_before = sum(before(facts_of(kind), rules) is None for kind in known)
    reached_after = sum(after(facts_of(kind), rules) is None for kind in known)
    assert reached_after == reached_before - count[Group.LOST] + count[Group.NEW]
    assert sum(every[kind].said_no for kind in people) <= count[Group.NEW]
    assert all(every[kind].group is Group.NEW for kind in people if every[kind].said_no)
    assert all((every[kind].reason is None) == (every[kind].group is Group.STILL) for kind in people)
