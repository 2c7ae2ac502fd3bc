"""Files that people write for us: in UTF-8, or in UTF-16 with its mark, as Windows PowerShell writes them."""

from __future__ import annotations

import codecs
from pathlib import Path

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def written_text(path: Path) -> str:
    """The text of a file, without its mark and with plain line ends.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text of these kinds.
    """
    content = path.read_bytes()
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding).replace("\r\n", "\n")
    return content.decode("utf-8").replace("\r\n", "\n")
