"""Code and its version change together, or what old code kept would be taken for the new's.

After bumping a `version`, run `python -m tests.trainables.test_phase_versions` to record it.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from pathlib import Path

import pytest

import trainables.encoded_cache
import trainables.lab.lab
import trainables.lab.similarity
import trainables.table_rows
from trainables.phase_versions import PHASES, phase_versions
from trainables.phases import Phase

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("phase_versions.json")
# Not followed: values that stand in the digests themselves, data that stands there by its
# fingerprint, and where results are kept.
APART = ("spaces.", "trainables.sources", "trainables.lab", "trainables.phase_store",
         "trainables.workspace")
# What is kept beside phases under versions of its own: name -> version and module.
KEPT: dict[str, tuple[int, str]] = {
    "EncodedCache": (trainables.encoded_cache.VERSION, "trainables.encoded_cache"),
    "Lab": (trainables.lab.lab.VERSION, "trainables.lab.lab"),
    "TableRows": (trainables.table_rows.VERSION, "trainables.table_rows"),
    "Similarity": (trainables.lab.similarity.VERSION, "trainables.lab.similarity"),
}


def file_of(module: str, root: str) -> Path | None:
    """Return a module's file, None of one that is not followed from `root`."""
    path = ROOT / (module.replace(".", "/") + ".py")
    apart = [name for name in APART if not root.startswith(name)]
    return path if path.is_file() and not module.startswith(tuple(apart)) else None


def bare_tree(path: Path) -> ast.Module:
    """Return a module's tree without docstrings; comments and layout are no part of a tree."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                line for line in body if not (isinstance(line, ast.Expr)
                                              and isinstance(line.value, ast.Constant))]
    return tree


def code_digest(module: str) -> str:
    """Return a digest of the trees of a module and all that it imports from this project."""
    trees: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = file_of(name, module)
        if path is None or name in trees:
            continue
        tree = bare_tree(path)
        trees[name] = ast.dump(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [each.name for each in node.names]
    return hashlib.sha256(json.dumps(sorted(trees.items())).encode()).hexdigest()[:16]


WATCHED = KEPT | {phase.__name__: (phase.version, phase.__module__) for phase in PHASES}


def current(name: str) -> dict[str, int | str]:
    version, module = WATCHED[name]
    return {"version": version, "code": code_digest(module)}


@pytest.mark.parametrize("name", WATCHED)
def test_code_does_not_change_without_its_version(name: str) -> None:
    assert json.loads(RECORD.read_text()).get(name) == current(name), (
        f"{name} or what it imports has changed: bump its version in {WATCHED[name][1]}, "
        f"then run `python -m tests.trainables.test_phase_versions`")


def test_every_phase_is_watched() -> None:
    import trainables.trial

    named = {each for each in vars(trainables.trial).values()
             if inspect.isclass(each) and issubclass(each, Phase) and not inspect.isabstract(each)}
    assert named <= set(PHASES)
    assert phase_versions() == {name: entry["version"] for name, entry in
                                json.loads(RECORD.read_text()).items() if name not in KEPT}


def test_a_digest_sees_code_and_not_prose(tmp_path: Path) -> None:
    digests = []
    for text in ('"""A."""\nx = 1\n', '"""B."""\n# why\nx  =  1\n', "x = 2\n"):
        path = tmp_path / "module.py"
        path.write_text(text)
        digests.append(ast.dump(bare_tree(path)))
    assert digests[0] == digests[1] != digests[2]


def record() -> None:
    """Write the versions down; a change of code alone is refused."""
    before = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    now = {name: current(name) for name in WATCHED}
    for name, entry in now.items():
        old = before.get(name)
        if old and old["code"] != entry["code"] and old["version"] == entry["version"]:
            raise SystemExit(f"{name}: the code has changed; bump its `version` first")
    RECORD.write_text(json.dumps(now, indent=2) + "\n")


if __name__ == "__main__":
    record()
