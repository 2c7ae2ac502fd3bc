"""Queries that others have published, in both languages, each with where it stands: all of them are read.

The examples of the page *Segment query definition* are in test_vendor_page.py. Those of other people's repositories
keep their constructs, with values of our own.
"""

from __future__ import annotations

import pytest

from migrator.mql import QueryError, parse_outbound, parse_realtime, write_outbound, write_realtime

LEARN = "https://learn.microsoft.com/dynamics365/customer-insights/journeys/"
DOCS = "https://github.com/MicrosoftDocs/dynamics-365-customer-engagement/blob/HEAD/ce/"
SANKEY = "https://github.com/KlausThyri/CustomerInsightsSegmentSankey/blob/HEAD/"
HYGIENE = "https://github.com/mylokaye/Dynamics-365-Segment-Hygiene"

OUTBOUND = [
    (f"{LEARN}developer/extend-segments", "PROFILE(contact)", ""),
    (
        f"{LEARN}developer/extend-segments",
        "PROFILE(contact).FILTER((address1_city == 'NewYork' || address1_city == 'NewJersey'))",
        "PROFILE(contact).FILTER(address1_city == 'NewYork' || address1_city == 'NewJersey')",
    ),
    (
        f"{LEARN}developer/extend-segments",
        "PROFILE(contact, contact_1).FILTER(ISNOTNULL(contact_1.emailaddress1) && ISNOTNULL(contact_1.fullname))",
        "",
    ),
    (f"{DOCS}customer-insights/ref/segquerylang.md", "PROFILE(Salesperson).FILTER(FirstName!='Sally')",
     "PROFILE(Salesperson).FILTER(FirstName != 'Sally')"),
    (
        f"{DOCS}customer-insights/ref/segquerylang.md",
        "PROFILE(Contact)\n   .FILTER(\n      Sex == 'M' &&\n      Country == 'USA' &&\n      "
        "Age >= 15 && Age <= 25 &&\n      Income > 50000\n   )",
        "PROFILE(Contact).FILTER(Sex == 'M' && Country == 'USA' && Age >= 15 && Age <= 25 && Income > 50000)",
    ),
    (
        f"{DOCS}customer-insights/ref/segquerylang.md",
        "PROFILE(Customer)\n  .FILTER(DATEDIFF(month,Birthday,DATETIMEUTCNOW()) == 1)",
        "PROFILE(Customer).FILTER(DATEDIFF(month, Birthday, DATETIMEUTCNOW()) == 1)",
    ),
    (
        f"{DOCS}customer-insights/ref/segquerylang.md",
        "INTERACTION(RedirectLinkClicked, RedirectLinkClicked_ContactLink)\n   .FILTER(EmailId == '12345')\n"
        "   .HAVING(COUNT()>0, UTCDAYS(7)) ",
        "INTERACTION(RedirectLinkClicked, RedirectLinkClicked_ContactLink).FILTER(EmailId == '12345')"
        ".HAVING(COUNT() > 0, UTCDAYS(7))",
    ),
    (
        f"{DOCS}customer-insights/ref/segquerylang.md",
        "PROFILE(Campaign)\n  .FILTER(Name == 'Campaign 1')\n    .TRAVERSE(EmailSubscriptionSubmit_Campaign)\n"
        "EXCEPT\nPROFILE(CampaignEvent)\n   .FILTER(Name == 'Event 1')\n"
        "      .TRAVERSE(CampaignEventRegistration_CampaignEvent)",
        "PROFILE(Campaign).FILTER(Name == 'Campaign 1').TRAVERSE(EmailSubscriptionSubmit_Campaign) EXCEPT "
        "PROFILE(CampaignEvent).FILTER(Name == 'Event 1').TRAVERSE(CampaignEventRegistration_CampaignEvent)",
    ),
    (f"{DOCS}customer-insights/ref/segquerylang.md", "SEGMENT(AllFromSeattle)\nUNION\nSEGMENT(SubscribedToEvent)",
     "SEGMENT(AllFromSeattle) UNION SEGMENT(SubscribedToEvent)"),
    (
        HYGIENE,
        "PROFILE(contact, contact_1)\n    .FILTER(contact_1.firstname == 'Q' || contact_1.firstname == '-'"
        " || contact_1.firstname == '.' || ISNULL(contact_1.firstname))",
        "PROFILE(contact, contact_1).FILTER(contact_1.firstname == 'Q' || contact_1.firstname == '-'"
        " || contact_1.firstname == '.' || ISNULL(contact_1.firstname))",
    ),
]  # fmt: skip
"""Where it stands, the query, and how we write it; empty is just so."""

REALTIME = [
    (
        f"{LEARN}developer/real-time-marketing-segmentation-api",
        "PROFILE(contact).FILTER(ISNOTNULL(address1_county))",
        "",
    ),
    (
        f"{SANKEY}CustomApi.Tests/MqlParserTests.cs",
        "PROFILE(contact).RELATEOPTIONAL(contact_customer_accounts, account.a_1).FILTER(a_1.name CONTAINS 'O')",
        "PROFILE(contact).RELATEOPTIONAL(contact_customer_accounts, a_1).FILTER(a_1.name CONTAINS 'O')",
    ),
    (
        f"{SANKEY}CustomApi.Tests/MqlParserTests.cs",
        "PROFILE(contact) .RELATEOPTIONAL(msdynci_customerprofile_contact, msdynci_points_1, "
        "RELATEOPTIONAL(msdynci_customerprofile_points, msdynci_points_1__1)) .FILTER(msdynci_points_1__1.total >= 7) "
        "INTERSECT PROFILE(contact) .RELATEOPTIONAL(msdynci_customerprofile_contact, msdynci_visits_1, "
        "RELATEOPTIONAL(msdynci_customerprofile_visits, msdynci_visits_1__1)) .FILTER(msdynci_visits_1__1.total >= 2)",
        "PROFILE(contact).RELATEOPTIONAL(msdynci_customerprofile_contact, msdynci_points_1, "
        "RELATEOPTIONAL(msdynci_customerprofile_points, msdynci_points_1__1)).FILTER(msdynci_points_1__1.total >= 7) "
        "INTERSECT PROFILE(contact).RELATEOPTIONAL(msdynci_customerprofile_contact, msdynci_visits_1, "
        "RELATEOPTIONAL(msdynci_customerprofile_visits, msdynci_visits_1__1)).FILTER(msdynci_visits_1__1.total >= 2)",
    ),
    (
        f"{SANKEY}CustomApi.Tests/PresentationDetailTests.cs",
        "PROFILE(contact) INTERSECT Interaction(msdynmkt_emaildelivered, msdynmkt_entityid)"
        ".FILTER((msdynmkt_entityid_LogicalName == 'contact' AND ISNOTNULL(msdynmkt_journeyid)))"
        ".Having(Count() >= 1, UTCMONTHS(6))",
        "PROFILE(contact) INTERSECT Interaction(msdynmkt_emaildelivered, msdynmkt_entityid)"
        ".FILTER(msdynmkt_entityid_LogicalName == 'contact' && ISNOTNULL(msdynmkt_journeyid))"
        ".Having(Count() >= 1, UTCMONTHS(6))",
    ),
    (
        f"{SANKEY}CustomApi.Tests/ProgressiveRequestBuilderTests.cs",
        f"PROFILE(contact).FILTER(ISNOTNULL(emailaddress1)) UNION SEGMENT(SEGMENT_CJO_ID_{'0' * 32})",
        "",
    ),
]
"""The same of real-time queries."""


@pytest.mark.parametrize(("source", "text", "canonical"), OUTBOUND)
def test_published_outbound_queries_are_read(source: str, text: str, canonical: str) -> None:
    assert source.startswith("https://")
    assert write_outbound(parse_outbound(text)) == (canonical or text)


@pytest.mark.parametrize(("source", "text", "canonical"), REALTIME)
def test_published_realtime_queries_are_read(source: str, text: str, canonical: str) -> None:
    assert source.startswith("https://")
    assert write_realtime(parse_realtime(text)) == (canonical or text)


def test_what_a_public_parser_refuses_is_refused() -> None:
    with pytest.raises(QueryError):  # its parser, too: a third argument that is no way
        parse_realtime("PROFILE(contact).RELATEOPTIONAL(contact_customer_accounts, account_1, more).FILTER(a == 1)")
