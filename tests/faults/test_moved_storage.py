"""A storage is moved before MLflow has got anything of a search: `stiltune sync` finds it all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.patching import patched
from tests.search.simulated_study import STUDY
from tests.search.told_search import seen
from tests.stiltune_process import Stiltune

pytestmark = [pytest.mark.slow,
              pytest.mark.filterwarnings("ignore:The ``noload`` loader:DeprecationWarning")]

NOBODY = "http://127.0.0.1:9"


def test_a_moved_search_is_synced_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "simulated.yaml").write_text(STUDY)
    stiltune = Stiltune(tmp_path)
    stiltune.environment |= patched()
    stiltune.run("start", "simulated.yaml", "--storage", "results", "--tracking-uri", NOBODY)
    stiltune.storage = stiltune.storage.rename(tmp_path / "elsewhere")

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    said = stiltune.run("sync", "simulated-1", "--storage", "elsewhere", "--tracking-uri", uri)
    assert "records sent" in said
    assert "refused" not in said
    monkeypatch.chdir(tmp_path)  # where a database's artifacts go
    shown = seen(uri, "simulated")
    assert {run["status"] for run in shown.values()} == {"FINISHED"}
    confirmed = [run for run in shown.values()
                 if run["tags"].get("stiltune.role") == "confirmation"]
    assert len(confirmed) == 4
    assert all("predictions/predictions.parquet" in run["artifacts"] for run in confirmed)
    assert [path for path in shown["simulated-1"]["artifacts"] if path.startswith("figures/")]
