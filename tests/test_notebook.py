"""docs/migration.ipynb, cell by cell, within a running event loop, as in every notebook."""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from migrator.sandbox import data
from migrator.sandbox.data import load
from migrator.sandbox.organisation import Organisation

NOTEBOOK = Path(__file__).parent.parent / "docs" / "migration.ipynb"


@pytest.mark.slow
def test_every_cell_of_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MIGRATOR_ORG", "MIGRATOR_OUT", "MIGRATOR_PROFILE", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    monkeypatch.setattr(data, "load", _quick)
    shown = asyncio.run(_run(["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]))
    standings = [one for one in shown if isinstance(one, pd.Series) and "verified" in one.index]
    assert [int(one["verified"]) > 35 for one in standings] == [True]
    assert {"html", "xlsx", "md"} <= set(next(one for one in shown if isinstance(one, dict)))


def _quick(folder: Path, clock: Callable[[], float]) -> Organisation:
    """The organisation, without the delays that nobody has to wait for."""
    organisation = load(folder, clock)
    organisation.moment = organisation.computing = 0.01
    return organisation


async def _run(cells: list[str]) -> list[Any]:
    """What the last line of each cell gives, as a notebook shows it."""
    names: dict[str, Any] = {}
    shown = []
    try:
        for cell in cells:
            tree = ast.parse(cell)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "cell", "exec"), names)
            if isinstance(last, ast.Expr):
                shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    finally:
        names["box"].close()
    return shown
