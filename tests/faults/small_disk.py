"""A search on a disk that fills and is then made larger; run within a namespace of its own.

    unshare --map-root-user --mount python -m tests.faults.small_disk DIRECTORY

It prints what the search said when the disk was full, and leaves a copy of the storage at the end.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.faults.faulty import Faulty

__all__ = ["NAMESPACE"]

NAMESPACE: Final = ("unshare", "--map-root-user", "--mount")
SMALL, LARGE = "600k", "200m"


def main() -> None:
    directory = Path(sys.argv[1])
    stiltune = Faulty(directory)
    stiltune.storage.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(stiltune.storage), "-o"]
    subprocess.run([*mount, f"size={SMALL}"], check=True)
    sys.stdout.write(stiltune.run("start", "simulated.yaml", "--storage", "results", expect=2))
    subprocess.run([*mount, f"remount,size={LARGE}"], check=True)
    stiltune.run("resume", "simulated-1", "--storage", "results")
    shutil.copytree(stiltune.storage, directory / "copy")
    subprocess.run(["umount", str(stiltune.storage)], check=True)
    shutil.copytree(directory / "copy", stiltune.storage, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
