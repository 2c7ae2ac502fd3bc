"""The words of the report in each language, and how it writes numbers. One catalogue: templates/words.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from migrator.base.errors import UsageError
from migrator.base.resources import shipped
from migrator.mql.wording import WORDINGS

LANGUAGES = ("en", "de", "fr")
_THOUSANDS = {"en": ",", "de": ".", "fr": "\u202f"}
_NARROW = {
    " ;": "\u202f;", " !": "\u202f!", " ?": "\u202f?", " :": "\u00a0:", " %": "\u202f%", "« ": "«\u00a0",
    " »": "\u00a0»",
}  # fmt: skip
_SPACED = re.compile(" [;!?:%»]|« ")
_DECIMAL = {"en": ".", "de": ",", "fr": ","}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str = "en"
    _at: int = field(init=False)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise UsageError(f"--language cannot be {self.language}; it is one of {', '.join(LANGUAGES)}.")
        object.__setattr__(self, "_at", LANGUAGES.index(self.language))

    def __call__(self, key: str, **facts: Any) -> str:
        """A text of the catalogue; numbers among the facts are written as the language does."""
        text = self.spaced(str(_catalogue()[key][self._at]))
        shown = {name: self.number(fact) if isinstance(fact, int) else fact for name, fact in facts.items()}
        return text.format(**shown) if shown else text

    def many(self, key: str, n: int, **facts: Any) -> str:
        """A text about so many of something; its singular has a key of its own, ending in `_one`, if it has one.

        Args:
            key: the text's key.
            n: how many.
            **facts: what stands in the text besides.
        """
        return self(f"{key}_one" if n == 1 and f"{key}_one" in _catalogue() else key, n=n, **facts)

    def named(self, family: str, value: str) -> str:
        """The word for a value such as a standing; a value that nobody translated stands as it is."""
        known = _catalogue()[f"is_{family}"]
        word, bracket, code = value.partition(" (")  # such as: unknown (192350009)
        entry = known.get(value) or known.get(word)
        if entry is None:
            return value
        return self.spaced(str(entry[self._at])) if value in known else f"{entry[self._at]}{bracket}{code}"

    def finding(self, code: str, meaning: str, advice: str) -> tuple[str, str]:
        """What a finding means and what to do about it; English is given, other languages are in the catalogue.

        Args:
            code: the finding's code.
            meaning: in English.
            advice: in English.
        """
        entry = _catalogue()["about_finding"].get(code, {}).get(self.language)
        return (self.spaced(str(entry[0])), self.spaced(str(entry[1]))) if entry else (meaning, advice)

    def spaced(self, text: str) -> str:
        """A text with the spaces of the language: French has narrow ones before its signs, where no line is broken.

        Args:
            text: as the catalogue has it.
        """
        return _SPACED.sub(lambda match: _NARROW[match[0]], text) if self.language == "fr" else text

    def family(self, family: str) -> dict[str, str]:
        """All words for the values of one kind."""
        return {value: str(entry[self._at]) for value, entry in _catalogue()[f"is_{family}"].items()}

    def number(self, value: Any) -> str:
        """A whole number; a dash for none."""
        if value is None or value != value or str(value) == "<NA>":
            return "–"
        return f"{int(value):,}".replace(",", _THOUSANDS[self.language])

    def signed(self, value: Any) -> str:
        """A difference; 0 without a sign, a dash for none."""
        if value is None or value != value or str(value) == "<NA>":
            return "–"
        sign = "+" if value > 0 else "−" if value < 0 else ""
        return sign + self.number(abs(int(value)))

    def percent(self, value: float | None) -> str:
        """A share with one decimal, or none where it is whole; some are never 0 %, nor 100 %; a dash for none."""
        if value is None or value != value:
            return "–"
        sign = "< " if 0 < value < 0.0005 else "> " if 0.9995 <= value < 1 else ""  # some are not none, nor all
        shown = {"< ": 0.1, "> ": 99.9}.get(sign, 100 * value)
        text = f"{shown:.1f}".removesuffix(".0").replace(".", _DECIMAL[self.language])
        return self.spaced(f"{sign}{text} %")

    @property
    def quotes(self) -> tuple[str, str]:
        """The quotation marks of the language, with the spaces inside of them."""
        opening, closing = WORDINGS[self.language].quotes
        return self.spaced(opening), self.spaced(closing)

    def quoted(self, text: str) -> str:
        """A text in the quotation marks of the language.

        Args:
            text: what somebody has written.
        """
        return text.join(self.quotes)

    @property
    def colon(self) -> str:
        """A colon as the language writes it, without the space behind it."""
        return self.spaced(" :") if self.language == "fr" else ":"

    @property
    def semicolon(self) -> str:
        """A semicolon as the language writes it, without the space behind it."""
        return self.spaced(" ;") if self.language == "fr" else ";"

    @property
    def thousands(self) -> str:
        """What stands between groups of three digits."""
        return _THOUSANDS[self.language]


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads((shipped("templates") / "words.toml").read_text(encoding="utf-8"))
