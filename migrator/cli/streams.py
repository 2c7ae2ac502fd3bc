"""Standard output and error on any console: what a code page does not have becomes ASCII, a closed pipe is no error.

Everything that a command prints goes through these two streams; they are set up once, before the first word.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import IO, TextIO

_HANDLER = "migrator.ascii"
_CODEC = "migrator-ascii"
"""ASCII by a name of its own: click takes one that calls itself ASCII for misconfigured, and writes UTF-8 to it."""
_ASCII = {
    "→": "->", "←": "<-", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "«": '"', "»": '"', "·": "-", "…": "...",
    "–": "-", "—": "-", "✓": "ok", "✗": "x", "✔": "ok", "✘": "x", "×": "x", "\u00a0": " ", "\u202f": " ", "≥": ">=",
    "≤": "<=", "≠": "!=", "−": "-", "•": "*", "━": "-", "─": "-", "│": "|", "╸": "-", "╺": "-", "█": "#", "⚠": "!",
}  # fmt: skip
"""What stands for a character that a console cannot show."""


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = "".join(_ASCII.get(character, "?") for character in error.object[error.start : error.end])
    return text, error.end


class _Raw(io.RawIOBase):
    """A file descriptor whose reader may leave: what comes after is thrown away, and the work goes on."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._gone = descriptor, False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if not self._gone:
            try:
                return os.write(self._descriptor, data)
            except BrokenPipeError:
                self._gone = True
            except OSError:  # a full disk: said once, and not a second time with a traceback when Python ends
                self._gone = True
                raise
        return len(data)


def _our_ascii(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != _CODEC:
        return None
    known = codecs.lookup("ascii")
    return codecs.CodecInfo(
        known.encode, known.decode, known.streamreader, known.streamwriter, known.incrementalencoder,
        known.incrementaldecoder, name=_CODEC,
    )  # fmt: skip


def set_up() -> None:
    """Make both streams take everything that a command prints."""
    codecs.register_error(_HANDLER, _replaced)
    codecs.register(_our_ascii)
    sys.stdout, sys.stderr = _taking_everything(sys.stdout), _taking_everything(sys.stderr)


def _taking_everything(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        descriptor = stream.fileno()
        to_file = not stream.isatty()
    except (OSError, ValueError):
        descriptor, to_file = -1, False
    encoding = _CODEC if codecs.lookup(stream.encoding).name == "ascii" else stream.encoding
    if not to_file or descriptor < 0:
        # A console of Windows is written by other means than its descriptor, so only the replacement is set.
        stream.reconfigure(encoding=encoding, errors=_HANDLER)
        return stream
    stream.flush()
    raw = io.BufferedWriter(_Raw(descriptor))  # type: ignore[type-var]
    return io.TextIOWrapper(raw, encoding=encoding, errors=_HANDLER, line_buffering=True, newline=None)


def takes_all(stream: IO[str]) -> bool:
    """Whether a stream can show every character there is."""
    return (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "").startswith("utf")
