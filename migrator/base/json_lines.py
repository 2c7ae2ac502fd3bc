"""Texts with a JSON value a line: which of their signs break a line, and which merely look as if they did."""

from __future__ import annotations


def json_lines(text: str) -> list[str]:
    """The lines of a text with a JSON value a line, those that are empty left out.

    JSON leaves U+0085, U+2028 and U+2029 within a string as they are, and `str.splitlines` breaks lines there, too.

    Args:
        text: read with any ends of lines.
    """
    return [line for line in text.split("\n") if line.strip()]
