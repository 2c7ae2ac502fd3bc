"""Writes files whole or not at all, readable by their owner alone (exports hold personal data)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside `path` for writing; it takes the place of `path` when the block ends well.

    Whoever reads `path` sees the old content or the new one, also after a crash or on a full disk.

    Raises:
        OSError: the disk is full or the folder cannot be written; `path` is then as it was.
    """
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all (see `writing`)."""
    with writing(path) as file:
        file.write(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` as UTF-8, whole or not at all (see `writing`)."""
    write_bytes(path, content.encode())


def private_folder(path: Path) -> Path:
    """Make the folder `path` (and those above it) for its owner alone, if it is not there; gives it back."""
    if not path.exists():
        private_folder(path.parent)  # mkdir(parents=True) would give those above the mode of everybody
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def make_private(folder: Path) -> None:
    """Leave `folder`, and every folder and file below it, to its owner alone."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
