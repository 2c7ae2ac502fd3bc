"""Pages followed as written: each command of a part, in its order, against the sandbox; see also test_first_hour."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from migrator.base.errors import Exit
from migrator.sandbox.data import load
from migrator.sandbox.outbound import Answers
from migrator.sandbox.server import running
from tests.conftest import CONTOSO, Command

ROOT = CONTOSO.parent.parent
pytestmark = pytest.mark.slow


def steps(page: str, part: str = "") -> list[str]:
    """The commands that stand in blocks of a page, or of the part below one of its headings; without the remarks."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if part:
        text = text.partition(f"\n## {part}")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in re.findall(r"^(migrator [^#\n]*?)(?: +#.*)?$", block, re.MULTILINE)]


Follow = Callable[..., list[tuple[str, int, str]]]


@pytest.fixture
def follow(command: Command) -> Follow:
    def follow(told: list[str], address: str) -> list[tuple[str, int, str]]:
        """Type the commands one after the other; gives each with its exit code and what it said."""
        seen = []
        for line in told:
            run = max((path.name for path in Path("reports").glob("*")), default="")
            words = [{"URL": address, "RUN": run}.get(word, word) for word in shlex.split(line)[1:]]
            words = [address if word.startswith("https://contoso.crm4") else word for word in words]
            agreed = ["--yes"] if words[0] in ("retire", "rollback") else []
            result = command(*words, *agreed)
            seen.append((line, result.code, result.out + result.err))
            assert result.code in (Exit.DONE, Exit.WAITING), seen[-1]
        return seen

    return follow


def test_a_migration_day_where_the_services_answer(follow: Follow, small_export: Path) -> None:
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    told = steps("docs/migration-day.md", "A. The services answer")
    assert [line.split()[1] for line in told] == [
        "extract", "translate", "predict", "doctor", "report", "approve", "status", "load", "retry", "verify",
        "retire", "rollback",
    ]  # fmt: skip
    with running(organisation) as box:
        loading, later = told.index("migrator load --org URL"), told.index("migrator retire")
        looked = follow(told[:loading], box.address)
        assert organisation.rows["msdynmkt_segment"] == {}
        assert any("by" in said and "as agreed with marketing" in said for _, _, said in looked)
        follow(told[loading:later], box.address)
        assert len(organisation.rows["msdynmkt_segment"]) >= 4
        follow(told[later:], box.address)
        assert organisation.rows["msdynmkt_segment"] == {}


def test_a_migration_day_where_only_the_rows_are_left(follow: Follow, small_export: Path) -> None:
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    organisation.outbound_answers = Answers.REMOVED
    with running(organisation) as box:
        told = follow(steps("docs/migration-day.md", "C. Only the rows"), box.address)
    assert [line.split()[1] for line, _, _ in told] == ["run", "translate", "load"]
    assert "outbound services of this organisation are gone" in told[0][2]
    assert organisation.rows["msdynmkt_segment"]


def test_the_quick_start(follow: Follow, small_export: Path) -> None:
    organisation = load(small_export, time.monotonic)
    organisation.moment = organisation.computing = 0.01
    sandbox, *told = steps("docs/quick-start.md", "3. Try it yourself")
    assert sandbox == "migrator sandbox"
    with running(organisation) as box:
        seen = follow(told, box.address)
    assert "DRY RUN" in seen[0][2]
    assert len(organisation.rows["msdynmkt_segment"]) > 4  # the compound one, too
