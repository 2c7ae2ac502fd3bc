"""Pages about predicting, tables, reach and the switch, followed as written; see also test_pages."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from migrator.api import Run, translate
from migrator.base.errors import Exit
from migrator.contracts.choices import Choice
from migrator.contracts.decisions import read_decisions
from migrator.contracts.predictions import Prediction, read_predictions
from migrator.sandbox.journeys import inhabit
from migrator.sandbox.server import Running
from tests.conftest import CONTOSO, Command, Result
from tests.test_pages import steps

ROOT = CONTOSO.parent.parent
HERE = Path(__file__).parent
pytestmark = pytest.mark.slow

Type = Callable[[str], Result]


@pytest.fixture
def typed(command: Command, contoso: Running) -> Type:
    """Types a line of a page at the sample organisation; several with && between them one after the other."""

    def typed(line: str) -> Result:
        for one in line.partition(" > ")[0].split(" && "):
            words = [contoso.address if word.startswith("https://contoso") else word for word in shlex.split(one)[1:]]
            result = command(*words)
            assert result.code in (Exit.DONE, Exit.WAITING), (one, result)
        return result

    return typed


def test_every_page_with_commands_is_followed() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    pages = [path for path in (ROOT / "docs").glob("*.md") if path.name not in ("commands.md", "windows.md")]
    told = [path.name for path in pages if steps(f"docs/{path.name}")]
    assert len(told) >= 9
    for name in told:
        assert re.search(rf"docs/{name}|\"docs\" / \"{name}\"", tests), name


def test_the_commands_about_predicting(typed: Type, command: Command, contoso: Running) -> None:
    segments = contoso.organisation.rows["msdyncrm_segment"]
    original = next(row for row in segments.values() if row["msdyncrm_segmentname"] == "Since 2020")
    copy = {"msdyncrm_segmentid": str(UUID(int=7)), "msdyncrm_segmentname": "Newsletter (copy)"}
    segments[str(UUID(int=7))] = {**original, **copy, "createdon": "2001-01-01T00:00:00Z"}
    whole, extract, stages, alone, copies, back, here, there, sql = steps("docs/predict.md")
    assert "DRY RUN" in typed(whole).out
    typed(extract)
    typed(stages)
    shutil.copytree(newest() / "export", shlex.split(alone)[-1])
    typed(alone)
    typed(copies)
    assert read_decisions(newest()) == {UUID(int=7): Choice.SKIP}
    typed(back)
    assert read_decisions(newest()) == {UUID(int=7): Choice.TRANSLATE}
    assert "SELECT" in typed(sql).out
    if importlib.util.find_spec("pyspark") is None:  # tests/evaluator/test_spark.py has it
        for line in (here, there):
            refused = command(*shlex.split(line)[1:])
            assert (refused.code, "Spark is not installed" in refused.err) == (Exit.USAGE, True)


def newest() -> Path:
    return max(path for path in Path("reports").iterdir() if path.is_dir())


def test_tables_are_read_where_they_lie(command: Command, small_export: Path) -> None:
    """The same rows in a lakehouse, in a container of Synapse Link, and as they are: the same people each time."""
    lakehouse, container, mirror = (line for line in steps("docs/mirrors.md") if line.startswith("migrator"))
    container_folder = Path(shlex.split(container)[-1])
    entities = []
    for path in (small_export / "tables").glob("*.csv"):
        rows = pd.read_csv(path, dtype_backend="pyarrow")
        write_deltalake(f"lakehouse/default/Tables/{path.stem}", pa.Table.from_pandas(rows))
        (container_folder / path.stem).mkdir(parents=True)
        rows.to_csv(container_folder / path.stem / "2024.csv", header=False, index=False)
        entities.append({"name": path.stem, "attributes": [{"name": name} for name in rows.columns]})
    (container_folder / "model.json").write_text(json.dumps({"entities": entities}))
    shutil.copytree(small_export / "tables", shlex.split(mirror)[-1])
    run = translate(small_export)
    found: list[dict[str, Any]] = []
    for line in (lakehouse, container, mirror):
        result = command(*shlex.split(line.replace(" /lakehouse", " lakehouse"))[1:])
        assert result.code in (Exit.DONE, Exit.WAITING), (line, result)
        found.append({one.name: (one.predicted, one.verdict) for one in predictions(run)})
    assert found[0] == found[1] == found[2]
    assert found[0]["Oslo"][0]


def predictions(run: Run) -> tuple[Prediction, ...]:
    found = read_predictions(run.path)
    assert found is not None
    return found.segments


def test_the_commands_about_reach(typed: Type, contoso: Running) -> None:
    first, chosen, whole, again = steps("docs/reach.md")
    typed(f"migrator extract --org {contoso.address}")
    typed("migrator translate")
    assert "Commercial" in typed(f"{first} --org {contoso.address}").out
    run = newest().name
    assert "Events" in typed(chosen.replace("2026-11-22-091500-contoso", run)).out
    assert "DRY RUN" in typed(whole).out
    typed(f"migrator load {run} --org {contoso.address}")
    typed(f"{again} {run}")


def test_the_commands_about_what_is_there_already(typed: Type, contoso: Running) -> None:
    inhabit(contoso.organisation, json.loads((CONTOSO.parent / "contoso-realtime.json").read_bytes()))
    unused, same, replaced, adopted = steps("docs/cutover.md")
    typed(f"migrator run --org {contoso.address} --dry-run")
    typed(unused)
    typed(same)
    made = read_decisions(newest())
    assert set(made.values()) == {Choice.SKIP, Choice.ADOPT}
    waiting = [one for one in Run(newest()).plan().segments if one.twins and one.legacy_id not in made]
    for line, one in zip((replaced, adopted), waiting[:2], strict=True):
        twin = str(one.twins[0].segment.id)
        typed(line.replace("VIP customers", str(one.legacy_id)).replace("7c000000-0000-4000-8000-000000000001", twin))
    typed(f"migrator load --org {contoso.address}")
    (loop,) = re.findall(
        r"^until (migrator .*?); do", (ROOT / "docs/cutover.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert typed(loop).code == Exit.WAITING
