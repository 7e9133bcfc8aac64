"""The shell scripts of deploy/ are ones that shellcheck has nothing against."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.manifests import DEPLOY

SCRIPTS = sorted(path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*")
                 if path.suffix in (".sh", ".sbatch"))


def test_there_are_scripts() -> None:
    assert SCRIPTS == ["slurm/study.sbatch", "start-or-resume.sh"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_is_silent(script: str) -> None:
    # Beside this Python, where pip puts it, or anywhere on PATH.
    program = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which(
        "shellcheck")
    if program is None:
        pytest.skip("needs shellcheck: pip install '.[test]'")
    done = subprocess.run([program, str(DEPLOY / script)], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stdout) == (0, "")
