"""The process that reads a file of an older kind: the file comes in, rows go out, one line of JSON each.

A sheet begins with its name; each row of it is its number and its cells. Run by `older.py`, never by a person.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from typing import Any

MEMORY = 2**30
"""Bytes that the child may have, where the system can hold it to that."""
LARGEST_RESULT = 2**30
"""Bytes of rows that it may write."""
NO_SHEET, PASSWORD, TOO_MUCH = 10, 11, 12


def main() -> int:
    """Read standard input; gives the exit code that tells `older.py` what happened."""
    _bound()
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    written = 0
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())) as book:
            for known in book.sheets_metadata:
                if known.typ is not SheetTypeEnum.WorkSheet:
                    continue
                sheet = book.get_sheet_by_name(known.name)
                merged = [
                    (last[0] + 1, f"rows {first[0] + 1}-{last[0] + 1}")
                    for first, last in sheet.merged_cell_ranges or ()
                ]
                visible = known.visible is SheetVisibleEnum.Visible
                head = {"name": known.name, "visible": visible, "merged": merged}
                sys.stdout.write(json.dumps(head) + "\n")
                # Rows come from the first one of the sheet on, cells from the first filled column on.
                padding = [""] * (sheet.start or (0, 0))[1]
                for number, cells in enumerate(sheet.iter_rows(), 1):
                    line = json.dumps([number, *padding, *map(_text, cells)]) + "\n"
                    written += len(line)
                    if written > LARGEST_RESULT:
                        return TOO_MUCH
                    sys.stdout.write(line)
        sys.stdout.flush()
    except PasswordError:
        return PASSWORD
    except MemoryError:
        return TOO_MUCH
    except (CalamineError, OSError, ValueError) as error:
        sys.stderr.write(str(error))
        return NO_SHEET
    return 0


def _text(cell: Any) -> str:
    """A value as it would be typed."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return str(cell)


def _bound() -> None:
    """Hold this process to its memory. Windows has no such bound for one process; there only the file is bounded."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.exit(main())
