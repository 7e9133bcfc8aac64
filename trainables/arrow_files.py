"""Tables as Arrow files: written whole, and mapped by every process that reads them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

__all__ = ["map_table", "write_table"]


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table with its metadata."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def map_table(path: Path) -> pa.Table:
    """Return a table whose columns lie in the mapped file.

    Raises:
        OSError, pyarrow.ArrowException: if it is not there or is none.
    """
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
