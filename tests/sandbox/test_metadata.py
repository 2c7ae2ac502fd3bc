"""`EntityDefinitions`: what clients ask before they do anything."""

from __future__ import annotations

import pytest

from tests.conftest import Api


def test_a_table_is_found_by_filter_and_by_name(api: Api) -> None:
    select = "$select=LogicalName,EntitySetName,PrimaryIdAttribute"
    found = api.get(f"EntityDefinitions?{select}&$filter=LogicalName eq 'msdynmkt_segment'").json()["value"]
    assert [table["EntitySetName"] for table in found] == ["msdynmkt_segments"]
    named = api.get(f"EntityDefinitions(LogicalName='msdynmkt_segment')?{select}").json()
    assert {**found[0], "@odata.context": named["@odata.context"]} == named
    by_id = api.get(f"EntityDefinitions({named['MetadataId']})").json()
    assert by_id["LogicalName"] == "msdynmkt_segment"
    assert by_id["ChangeTrackingEnabled"] is True


def test_columns_tell_their_type_and_source(api: Api) -> None:
    columns = api.get("EntityDefinitions(LogicalName='contact')/Attributes").json()["value"]
    types = {column["LogicalName"]: (column["AttributeType"], column["SourceType"]) for column in columns}
    assert types["fullname"] == ("String", 0)
    assert types["age"] == ("Integer", 1)
    assert types["picture"] == ("Virtual", 0)
    one = api.get("EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='parentcustomerid')").json()
    assert one["Targets"] == ["account"]
    text = api.get(
        "EntityDefinitions(LogicalName='contact')/Attributes?$select=LogicalName&$filter=AttributeType eq 'Money'"
    )
    assert text.json()["value"] == []


def test_relationships_are_shown_from_both_ends(api: Api) -> None:
    near = api.get("EntityDefinitions(LogicalName='contact')/ManyToOneRelationships").json()["value"]
    far = api.get("EntityDefinitions(LogicalName='account')/OneToManyRelationships").json()["value"]
    assert near == far
    assert near[0]["SchemaName"] == "contact_customer_accounts"
    assert (near[0]["ReferencingAttribute"], near[0]["ReferencedEntity"]) == ("parentcustomerid", "account")
    between = api.get("EntityDefinitions(LogicalName='list')/ManyToManyRelationships").json()["value"]
    assert between[0]["IntersectEntityName"] == "listmember"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("EntityDefinitions(LogicalName='nothing')", 404),
        ("EntityDefinitions(LogicalName='contact')/Nonsense", 404),
        ("EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='nothing')", 404),
        ("EntityDefinitions?$filter=startswith(LogicalName,'c')", 400),
        ("EntityDefinitions?$expand=Attributes", 400),
    ],
)
def test_what_is_not_there_is_said(api: Api, path: str, status: int) -> None:
    assert api.refusal(api.get(path), status)


def test_option_sets_are_expanded_on_a_cast(api: Api) -> None:
    path = "EntityDefinitions(LogicalName='msdynmkt_segment')/Attributes/Microsoft.Dynamics.CRM.StatusAttributeMetadata"
    columns = api.get(f"{path}?$select=LogicalName&$expand=OptionSet($select=Options)").json()["value"]
    assert [column["LogicalName"] for column in columns] == ["statuscode"]
    options = {o["Value"]: o["Label"]["UserLocalizedLabel"]["Label"] for o in columns[0]["OptionSet"]["Options"]}
    assert options[6] == "Computing"


def test_every_choice_of_a_segment_has_its_labels(api: Api) -> None:
    kind = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    path = f"EntityDefinitions(LogicalName='msdynmkt_segment')/Attributes/{kind}"
    columns = api.get(f"{path}?$select=LogicalName&$expand=OptionSet($select=Options)").json()["value"]
    labels = {
        column["LogicalName"]: {o["Value"]: o["Label"]["UserLocalizedLabel"]["Label"] for o in options}
        for column in columns
        for options in (column["OptionSet"]["Options"],)
    }
    assert labels["msdynmkt_source"] == {10: "Outbound", 11: "Customer insights", 12: "Journeys"}
    assert sorted(labels) == ["msdynmkt_scope", "msdynmkt_source", "msdynmkt_type"]
    assert all(labels.values())
