"""The lists of ids that belong to predictions: a folder of their own for each, named by what they hold.

`predictions.json` names the folder, so that numbers and lists change at one moment: new lists are written beside those
that are there, the file is replaced, and only then goes what it no longer names.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.base.atomic import private_folder
from migrator.contracts.predictions import PREDICTED, PREDICTIONS

_UNDER_WAY = ".under-way"


@contextmanager
def new_lists(run: Path) -> Iterator[Path]:
    """A new, private folder for lists, which `settled` gives its name.

    When the block ends, well or not, whatever `predictions.json` does not name is deleted: the older lists if the
    block has replaced the file, else the new ones.

    Raises:
        OSError: the disk is full or the run cannot be written.
    """
    folder = run / PREDICTED / _UNDER_WAY
    shutil.rmtree(folder, ignore_errors=True)  # of a prediction that was killed
    private_folder(folder)
    try:
        yield folder
    finally:
        _tidy(run)


def settled(folder: Path) -> str:
    """Give finished lists their place; gives its path below the run. The same lists always have the same place.

    Raises:
        OSError: the run cannot be written.
    """
    name = _checksum(folder)
    place = folder.with_name(name)
    if not place.exists() or _checksum(place) != name:  # else they are there already, and named perhaps
        shutil.rmtree(place, ignore_errors=True)
        folder.replace(place)
    return f"{PREDICTED}/{name}"


def _checksum(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            total.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:16]


def _tidy(run: Path) -> None:
    """Delete the lists that belong to no prediction; of a file that cannot be read nobody knows which these are."""
    named = _named(run)
    for path in (run / PREDICTED).glob("*") if named is not None else ():
        if path.is_dir():
            if f"{PREDICTED}/{path.name}" != named:
                shutil.rmtree(path, ignore_errors=True)
        elif named != PREDICTED:  # where version 0.1.0 put them
            path.unlink(missing_ok=True)


def _named(run: Path) -> str | None:
    """The folder that `predictions.json` names; empty without the file, None where it cannot be read."""
    try:
        content = json.loads((run / PREDICTIONS).read_bytes())
        return str(content.get("lists", PREDICTED))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, AttributeError):
        return None
