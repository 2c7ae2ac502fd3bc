"""The format of a file: its number, how older ones become the one of now, and what is said about newer ones.

Every file that lies between the stages has one. A new format is one more function at the end of its `upgrades`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from migrator.base.errors import UsageError

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes the content of one format into that of the next; raises what `Format.of_now` raises."""


@dataclass(frozen=True, slots=True)
class Format:
    """The formats of one kind of file that there have been; the first one has the number 1."""

    upgrades: tuple[Upgrade, ...] = ()
    """From the first format to the second, from the second to the third, and so on."""
    numbered: bool = True
    """Whether the first format says its number; if not, content without one is of the first format."""

    @property
    def number(self) -> int:
        """The format that is written now."""
        return 1 + len(self.upgrades)

    def of_now(self, content: Any, what: str) -> dict[str, Any]:
        """The content of a file in the format of now, whatever version of the tool wrote it.

        Args:
            content: the JSON object of the file.
            what: names the file in the sentence about a newer one, such as "The plan reports/x/plan.json".

        Raises:
            UsageError: a newer version of the tool wrote it.
            KeyError, TypeError, ValueError, AttributeError: it is no such content.
        """
        if not isinstance(content, dict):
            raise TypeError(f"an object was expected, not {type(content).__name__}")
        version = int(content["format"] if self.numbered or "format" in content else 1)
        refuse_newer(what, version, self.number)
        if version < 1:
            raise ValueError(f"format {version}")
        for upgrade in self.upgrades[version - 1 :]:
            content = upgrade(content)
        return {**content, "format": self.number}


def refuse_newer(what: str, version: int, known: int) -> None:
    """Refuse what a newer version of the tool wrote.

    Args:
        what: the file, as it is called in the sentence.
        version: the version that it carries.
        known: the newest version that this tool reads.

    Raises:
        UsageError: it did.
    """
    if version > known:
        raise UsageError(
            f"{what} has format {version}; this version of migrator reads up to {known}. "
            "Install a newer version, from where this one came."
        )
