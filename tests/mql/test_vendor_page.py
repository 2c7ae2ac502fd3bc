"""The examples of the vendor's page *Segment query definition*: each is read, or refused with the reason.

Several stand there with a name in front of them, or with a parenthesis too many; what is refused is pointed at, and
the same query without the slip is read.
"""

from __future__ import annotations

import pytest

from migrator.mql import QueryError, parse_outbound, write_outbound

READ = [
    "PROFILE(Campaign).FILTER(Name == 'Campaign 1').TRAVERSE(ActivityContactProcessed_Campaign)",
    "INTERACTION(EmailOpened, EmailOpenedLeadLink).FILTER(Name == 'Campaign 1').HAVING(COUNT() > 0)",
    "SEGMENT(SegmentInCampaign) UNION SEGMENT(SegmentOnEmailOpened) EXCEPT SEGMENT(SegmentOnClicked)",
    "PROFILE(Campaign).FILTER(Name == 'Campaign 1').TRAVERSE(EmailSubscriptionSubmit_Campaign)",
    "PROFILE(CampaignEvent).FILTER(Name == 'Even1').TRAVERSE(CampaignEventRegistration_CampaignEvent)",
    "PROFILE(Campaign).TRAVERSE(ActivityLeadProcessed_Campaign).FILTER(StartDate > '2017-03-30')",
    "PROFILE(CreditCard).FILTER(DATEDIFF(day, ExpirationDate, DATETIMEUTCNOW()) < 30).TRAVERSE(HavingCreditCard)",
    "PROFILE(Contact).FILTER(NumberOfActivePurchasedItems > 0 && Product == 'CreditCard'"
    " && DATEDIFF(month, ExpirationDate, DATETIMEUTCNOW()) < 1)",
    "PROFILE(Contact)",
    "SEGMENT(SegmentOnProfile) EXCEPT SEGMENT(SegmentOnClicked)",
    "PROFILE(Membership).TRAVERSE(InSubscription, FILTER(Status == 'Active'))",
    "PROFILE(Event).FILTER(Name == 'ColorRun').TRAVERSE(SignedToEvent)",
    "PROFILE(Subscription)"
    ".TRAVERSE(InSubscription, FILTER(DATEDIFF(month, SubscriptionEndDate, DATETIMEUTCNOW()) < 1))",
    "INTERACTION(EmailSoftBounced, EmailSoftBounced_ContactLink).HAVING(COUNT() > 10, UTCMONTHS(1))",
    "PROFILE(Contact).FILTER(Sex == 'M' && Country == 'USA' && Age >= 15 && Age <= 25 && Income > 50000)",
    "PROFILE(Contact).FILTER(Position == 'CEO').TRAVERSE(HavingAccount).TRAVERSE(Ordered)"
    ".FILTER(Name == 'Product Xgenerator')",
    "PROFILE(Contact).FILTER(Unsubscribed > CampaignStartDate)",
    "PROFILE(Event).FILTER(Name CONTAINS 'run')",
    "PROFILE(Event).FILTER(Name ENDSWITH 'run')",
    "PROFILE(Customer).FILTER(ISNULL(Address))",
]
"""As they stand there, but for blanks."""

ALSO = [
    (
        "INTERACTION(RedirectLinkClicked, RedirectLinkClicked_ContactLink).HAVING(COUNT()>0, UTCDAYS(7))"
        ".FILTER(EmailId=='12345')",
        "INTERACTION(RedirectLinkClicked, RedirectLinkClicked_ContactLink).FILTER(EmailId == '12345')"
        ".HAVING(COUNT() > 0, UTCDAYS(7))",
    ),
    (
        "PROFILE(Activity).FILTER(ActivityType == 'Football').TRAVERSE('SubscribedToActivity')"
        ".FILTER(Age > 20 && Age < 35)",
        "PROFILE(Activity).FILTER(ActivityType == 'Football').TRAVERSE(SubscribedToActivity)"
        ".FILTER(Age > 20 && Age < 35)",
    ),
    (
        "PROFILE(Campaign).FILTER(Name == 'Always Active' || Name == 'Fitness Challenge to 100').TRAVERSE     "
        "(ActivityContactProcessed_Campaign).FILTER(Grade == '5to10k')",
        "PROFILE(Campaign).FILTER(Name == 'Always Active' || Name == 'Fitness Challenge to 100')"
        ".TRAVERSE(ActivityContactProcessed_Campaign).FILTER(Grade == '5to10k')",
    ),
    (
        "SEGMENT(SegmentOnProfilesFromAlwaysActiveAndFitnessChallenge)INTERSECT \n      "
        "SEGMENT(SegmentOnProfilesFromColorRun)EXCEPT SEGMENT(SegmentOnProfilesWithMembership)",
        "SEGMENT(SegmentOnProfilesFromAlwaysActiveAndFitnessChallenge) INTERSECT "
        "SEGMENT(SegmentOnProfilesFromColorRun) EXCEPT SEGMENT(SegmentOnProfilesWithMembership)",
    ),
    (
        "PROFILE(Campaign) .FILTER(Market == 'Hi tech' && Revenue > 10000000000 && NumberOfOrders > 1000000000)"
        ".TRAVERSE(ActivityContactProcessed_Campaign).FILTER(Position =='Marketing Manager' ||"
        " Position == 'Sales Manager' ||Position == 'Finance Manager')",
        "PROFILE(Campaign).FILTER(Market == 'Hi tech' && Revenue > 10000000000 && NumberOfOrders > 1000000000)"
        ".TRAVERSE(ActivityContactProcessed_Campaign).FILTER(Position == 'Marketing Manager'"
        " || Position == 'Sales Manager' || Position == 'Finance Manager')",
    ),
    (
        "SEGMENT(SegmentOnProfile).UNION(SegmentOnReceivedEmail).EXCEPT(SegmentRegisteredInEvent)",
        "SEGMENT(SegmentOnProfile) UNION SEGMENT(SegmentOnReceivedEmail) EXCEPT SEGMENT(SegmentRegisteredInEvent)",
    ),
    (
        "SEGMENT(SegmentWithImportantServiceTickets)INTERSECT SEGMENT(ThankYouMktSegment)",
        "SEGMENT(SegmentWithImportantServiceTickets) INTERSECT SEGMENT(ThankYouMktSegment)",
    ),
]
"""Written in a way of their own, and how we write them."""

REFUSED = [
    ("SegmentOnProfilesInCampaign = PROFILE(Campaign)", 1, "a query has no name of its own"),
    (
        "INTERACTION(EmailOpened, EmailOpenedLeadLink).FILTER(Name == 'Campaign 1')).HAVING(COUNT()>0)",
        75,
        'this ")" closes nothing',
    ),
    (
        "SegmentOnProfilesInCampaign EXCEPT SegmentOnProfilesWithoutRegistration",
        1,
        "a segment is named as SEGMENT(SegmentOnProfilesInCampaign)",
    ),
    (
        "PROFILE(CreditCard).FILTER(DATEDIFF(day, ExpirationDate, DateTimeNowUtc()) < 30)",
        58,
        "there is no function DateTimeNowUtc; expected DATETIMEUTCNOW()",
    ),
    ("SegmentOnProfile = PROFILE(Contact)SegmentOnClicked = INTERACTION(a, b)", 1, "a query has no name of its own"),
    ("PROFILE(Contact)SegmentOnClicked", 17, '"SegmentOnClicked" does not belong here'),
    (
        "PROFILE(Subscription).TRAVERSE(InSubscription, FILTER(DATEDIFF(month, End, DATETIMEUTCNOW()) 1))",
        94,
        '"1" does not belong here; expected',
    ),
    (
        "PROFILE(ServiceTicket).FILTER(DATEDIFF(month, DATETIMEUTCNOW(), StartDate) > 1)).TRAVERSE(HasServiceTicket)",
        80,
        'this ")" closes nothing',
    ),
    (
        "PROFILE(Customer).FILTER(DATEDIFF(month,Birthday,DATETIMEUTCNOW())",
        67,
        "the parenthesis at line 1, column 25 is never closed",
    ),
    ("PROFILE(Customer).FILTER(DATEDIFF(month,Birthday,DATETIMEUTCNOW()))", 26, "a value stands where a condition"),
]
"""With the slips that they have there: the column, and what is said."""


@pytest.mark.parametrize("text", READ)
def test_an_example_is_read(text: str) -> None:
    assert write_outbound(parse_outbound(text)) == text


@pytest.mark.parametrize(("text", "canonical"), ALSO)
def test_an_example_with_a_spelling_of_its_own_is_read(text: str, canonical: str) -> None:
    assert write_outbound(parse_outbound(text)) == canonical


@pytest.mark.parametrize(("text", "column", "words"), REFUSED)
def test_a_slip_on_the_page_is_pointed_at(text: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as error:
        parse_outbound(text)
    assert error.value.column == column
    assert words in str(error.value)
