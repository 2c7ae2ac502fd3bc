"""The run that the tests of the loader look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.sandbox.server import Running
from tests.loader.migration import Migration


@pytest.fixture
def migration(sandbox: Running, small_export: Path, tmp_path: Path) -> Migration:
    return Migration(sandbox, small_export, tmp_path / "run")
