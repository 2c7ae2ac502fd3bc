"""Files of consent for a person to check and to load: opt-outs that are missing, and, only if asked for, opt-ins.

The form is the one that the product's *Import from Excel* of contact point consents takes: the display names of the
columns and choices as the entity reference of `msdynmkt_contactpointconsent4` has them. Nothing is written to the
organisation.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrator.base.atomic import writing
from migrator.base.errors import UsageError
from migrator.commands.reach import More, Wish
from migrator.evaluator.mirrors import TableFiles
from migrator.reach.count import People
from migrator.reach.purposes import Purpose

COLUMNS = ("Contact point", "Channel", "Consent type", "Purpose", "Consent status", "Reason", "Source")
OPTED_OUT, OPTED_IN = "Opted Out", "Opted In"
WARNING = (
    "An empty field is no proof of consent; your data protection officer decides. Whoever has decided deletes this "
    "line before the file is loaded."
)
_FORMULA = tuple("=+-@\t\r")
"""What begins a formula in a spreadsheet: such an address is left out and counted, since it cannot be changed."""


@dataclass(slots=True)
class ConsentFile(More):
    """One file: of opt-outs, or of opt-ins."""

    path: Path
    opt_ins: bool = False
    rows: int = 0
    left_out: int = 0
    """Addresses that a spreadsheet would take for a formula."""
    purpose: str = ""

    def __post_init__(self) -> None:
        if self.path.exists():
            raise UsageError(f"{self.path} is there already. Name another file; nothing was written.")

    def of(self, counted: People, at: int, purpose: Purpose, contacts: TableFiles, wish: Wish) -> None:
        """Write the file.

        Args:
            counted: everybody.
            at: the place of the purpose.
            purpose: the purpose that was chosen.
            contacts: where the contacts lie.
            wish: with the column of the address.
        """
        self.purpose = purpose.name
        status = OPTED_IN if self.opt_ins else OPTED_OUT
        same = ("Email", "Purpose", purpose.name, status, "No reasons", "Loaded")
        with writing(self.path) as file:
            if self.opt_ins:
                file.write(f'"{WARNING}"\r\n'.encode("utf-8-sig"))
            file.write(_line(COLUMNS, first=not self.opt_ins))
            for address in self._kept(counted.addresses(at, contacts, wish.address, refused=not self.opt_ins)):
                file.write(_line((address, *same)))
                self.rows += 1

    def _kept(self, addresses: Iterator[str]) -> Iterator[str]:
        for address in addresses:
            if address.startswith(_FORMULA):
                self.left_out += 1
            else:
                yield address

    @property
    def written(self) -> bool:
        """Whether there is such a file now: not where nobody knows what people have said."""
        return bool(self.purpose)

    def sentence(self) -> str:
        """What was written, and what a person does with it."""
        if not self.written:
            return (
                f"{self.path} was not written: without a purpose and its consent nobody knows what is missing. "
                "Name the purpose with --purpose, or give the account the right to read consent."
            )
        what = "opt-ins that nobody has recorded" if self.opt_ins else "opt-outs that are missing in real time"
        left = f" {self.left_out:,} addresses that look like a formula are not in it." if self.left_out else ""
        check = (
            "An empty field is no proof of consent: your data protection officer decides before it is loaded."
            if self.opt_ins
            else "Check it, then load it with Import from Excel in the consent center; this tool writes no consent."
        )
        return f"{self.path}: {self.rows:,} {what} for “{self.purpose}”, private to you.{left} {check}"


def _line(cells: tuple[str, ...], *, first: bool = False) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8-sig" if first else "utf-8")
