"""Random rows of the phrase book's tables: nulls, equal names, dangling lookups and inactive contacts among them."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from migrator.evaluator import Tables
from tests.phrasebook import SCHEMA
from tests.reference_evaluator import World

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CONTACTS = 24


def identity(kind: int, number: int) -> str:
    """The id of the row `number` of a kind of table."""
    return str(UUID(int=kind << 64 | number))


@cache
def rows(seed: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table, the same for the same seed."""
    pick = random.Random(seed)

    def some(*values: Any) -> Any:
        return pick.choice([*values, None])

    accounts = [identity(2, n) for n in range(5)]
    contacts = [identity(1, n) for n in range(CONTACTS)]
    lists = [identity(6, n) for n in range(3)]
    return {
        "contact": [
            {
                "contactid": contacts[n], "fullname": some("Ana", "Bo", "x"),
                "city": some("Oslo", "Rome", "a", "b", ""), "hobbies": some("1", "3"),
                "age": some(1, 2, 3, 4, 18, 31), "income": some(-5, 6, 10.5, 2000), "vip": some(True, False),
                "born": some("2000-01-31T00:00:00", "1990-05-05T10:00:00", "2025-12-31T23:59:59"),
                "statecode": int(pick.random() < 0.2), "accountid": some(*accounts, identity(2, 99)),
                "managerid": some(*contacts),
            }
            for n in range(CONTACTS)
        ],
        "account": [
            {"accountid": accounts[n], "name": some("Contoso", "x", "Oslo"), "city": some("Oslo", "x"),
             "size": some(1, 6, 10), "parentid": some(*accounts),
             "regionid": some(identity(3, 0), identity(3, 1), identity(3, 9))}
            for n in range(5)
        ],
        "region": [
            {"regionid": identity(3, n), "name": some("North", "Oslo"), "taxed": some(True, False)} for n in range(2)
        ],
        "visit": [
            {"visitid": identity(4, n), "topic": some("x", "xy", "z"), "stars": some(1, 3, 4, 5),
             "at": some("2026-01-30T00:00:00", "2020-01-01T00:00:00"),
             "contactid": some(*contacts, identity(1, 99))}
            for n in range(30)
        ],
        "order": [{"orderid": identity(5, n), "sum": some(50, 500), "buyerid": some(*contacts)} for n in range(8)],
        "list": [{"listid": lists[n], "title": some("News", "x"), "closed": some(True, False)} for n in range(3)],
        # What lies between two tables always names one of each: the product keeps it so.
        "listcontact": [
            {"listcontactid": identity(7, n), "listid": pick.choice(lists), "contactid": pick.choice(contacts)}
            for n in range(20)
        ],
        "listmember": [
            {"listmemberid": identity(9, n), "listid": pick.choice(lists),
             "entityid": pick.choice([pick.choice(contacts), pick.choice(accounts)])}
            for n in range(20)
        ],
        "friend": [
            {"friendid": identity(10, n), "one": pick.choice(contacts), "other": pick.choice(contacts)}
            for n in range(12)
        ],
        "msdynmkt_emailopened": [
            {"id": identity(8, n), "msdynmkt_entityid": contacts[pick.randrange(12)],
             "msdynmkt_entityid_logicalname": pick.choice(["contact", "contact", "lead"]),
             "msdynmkt_sourcesystem": pick.choice([1, 1, 1, 2]),
             "msdynmkt_originaltimestamp": pick.choice(
                 ["2026-01-20T00:00:00", "2025-11-01T00:00:00", "2024-01-01T00:00:00"]
             ),
             "msdynmkt_messagetemplateid": some("x", "y"), "msdynmkt_stars": some(1, 3, 5)}
            for n in range(40)
        ],
    }  # fmt: skip


@cache
def world(seed: int) -> World:
    """The rows as the reference evaluator takes them."""
    return World(SCHEMA, rows(seed), NOW)


@cache
def tables(seed: int) -> Tables:
    """The rows in the database that the sandbox and the prediction use."""
    database = Tables(SCHEMA, now=lambda: NOW)
    for name, content in rows(seed).items():
        database.fill(name, content)
    return database


@cache
def active(seed: int) -> frozenset[str]:
    """The active contacts."""
    return frozenset(row["contactid"] for row in rows(seed)["contact"] if row["statecode"] == 0)
