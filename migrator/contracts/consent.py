"""What is read of contacts and consent, and where it lies in an export: `tables/<name>.parquet`, with a note beside.

The tables are those of the organisation, with the columns that telling who may be mailed needs, and no others. They are
no part of the manifest: plans do not depend on them, and a later reading takes their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.base.atomic import private_folder, write_bytes
from migrator.base.errors import UsageError
from migrator.contracts.tables import FOLDER
from migrator.contracts.versions import refuse_newer
from migrator.mql import Column, Table
from migrator.product.codes import AUDIENCE_KEY

if TYPE_CHECKING:
    from pydantic import TypeAdapter

CONTACTS = "reach-contact"
"""The contacts with their addresses; a name of its own, as `contact` holds what queries touch."""
CONSENT, PURPOSE, TOPIC = "msdynmkt_contactpointconsent4", "msdynmkt_purpose", "msdynmkt_topic"
PROFILE, PURPOSES_OF_PROFILES = "msdynmkt_compliancesettings4", "msdynmkt_msdynmkt_purpose_msdynmkt_compliancev4"
ADDRESS = "emailaddress1"
"""The column with the address that outbound marketing wrote to."""
CONTACT_COLUMNS = (AUDIENCE_KEY, "donotemail", "donotbulkemail", "statecode")
"""What is needed of a contact besides its addresses."""
POINT, CHANNEL, LEVEL = "msdynmkt_contactpointvalue", "msdynmkt_contactpointtype", "msdynmkt_contactpointconsenttype"
OF_PURPOSE, OF_TOPIC, OF_PROFILE, VALUE = "msdynmkt_purposeid", "msdynmkt_topicid", f"{PROFILE}id", "msdynmkt_value"
NAME, KIND, MODEL = "msdynmkt_name", "msdynmkt_type", "msdynmkt_enforcementmodel"
NOTE = f"{FOLDER}/reach.json"
NOTE_FORMAT = 1

_KEY, _TEXT, _CHOICE, _YES_NO = Column("Uniqueidentifier"), Column("String"), Column("Picklist"), Column("Boolean")


def _lookup(table: str) -> Column:
    return Column("Lookup", targets=(table,))


TABLES: Mapping[str, Table] = {
    PROFILE: Table(f"{PROFILE}s", OF_PROFILE, NAME, {OF_PROFILE: _KEY, NAME: _TEXT}),
    PURPOSE: Table(f"{PURPOSE}s", OF_PURPOSE, NAME, {OF_PURPOSE: _KEY, NAME: _TEXT, KIND: _CHOICE, MODEL: _CHOICE}),
    PURPOSES_OF_PROFILES: Table("", "", "", {OF_PURPOSE: _KEY, OF_PROFILE: _KEY}),
    TOPIC: Table(f"{TOPIC}s", OF_TOPIC, NAME, {OF_TOPIC: _KEY, NAME: _TEXT, OF_PURPOSE: _lookup(PURPOSE)}),
    CONSENT: Table(
        f"{CONSENT}s",
        "",
        POINT,
        {
            POINT: _TEXT,
            CHANNEL: _CHOICE,
            LEVEL: _CHOICE,
            OF_PURPOSE: _lookup(PURPOSE),
            OF_TOPIC: _lookup(TOPIC),
            VALUE: _CHOICE,
        },
    ),
}
"""The tables of consent, with the columns that are read (entity reference of the product documentation)."""


def contact_table(address: str) -> Table:
    """The table of contacts, with the columns that are read.

    Args:
        address: the column with the address that is written to after.
    """
    columns = {"donotemail": _YES_NO, "donotbulkemail": _YES_NO, "statecode": Column("State"), ADDRESS: _TEXT}
    return Table("contacts", AUDIENCE_KEY, "", {AUDIENCE_KEY: _KEY, **columns, address: _TEXT})


@dataclass(frozen=True, slots=True)
class ConsentRead:
    """How contacts and consent were read: `tables/reach.json`."""

    format: int
    organisation: str
    """Its id."""
    at: str
    """When: UTC, ISO 8601."""
    manifest: str
    """SHA-256 of the manifest of the export whose members it was read for."""
    address: str
    contacts: int | None
    """Rows; None where they cannot be read."""
    records: int | None
    """Records of consent; None where they cannot be read."""
    unreadable: tuple[str, ...] = ()
    """What could not be read, in sentences."""


@cache
def _adapter() -> TypeAdapter[ConsentRead]:
    from pydantic import TypeAdapter  # slow to import, and the help of a command needs none of it

    return TypeAdapter(ConsentRead)


def table_file(export: Path, table: str) -> Path:
    """Where a table lies in an export."""
    return export / FOLDER / f"{table}.parquet"


def write_note(export: Path, read: ConsentRead) -> None:
    """Write `tables/reach.json`."""
    private_folder(export / FOLDER)
    write_bytes(export / NOTE, _adapter().dump_json(read, indent=1) + b"\n")


def read_note(export: Path) -> ConsentRead | None:
    """How contacts and consent were read into this export; None where they were not.

    Raises:
        UsageError: the note is damaged, or of a newer format.
    """
    path = export / NOTE
    if not path.exists():
        return None
    try:
        found = _adapter().validate_json(path.read_bytes())
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} is damaged. Delete it, and read again with: migrator reach --again") from error
    refuse_newer(str(path), found.format, NOTE_FORMAT)
    return found
