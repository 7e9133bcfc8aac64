"""The walls: imports run one way, a library has an owner, the README's tree is the disk's."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("spaces", "trainables", "search")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# Which files may import a library, as prefixes of their path; a library has one or two owners.
OWNERS = {
    "babel": ("trainables/lab/",),
    "filelock": ("trainables/lease.py", "trainables/staging.py"),
    "huggingface_hub": ("trainables/hub.py", "trainables/hub_repository.py",
                        "trainables/encoder_ref.py"),
    "matplotlib": ("search/figure_style.py", "search/figures.py", "search/heat_map.py"),
    "mlflow": ("search/tracking_client.py", "search/tracking_reader.py"),
    "plotly": ("search/report/plots.py",),
    "optuna": ("spaces/search_space.py", "search/sampler.py"),
    "rapidfuzz": ("trainables/lab/similarity.py", "trainables/string_models.py"),
    "sklearn": ("trainables/string_models.py",),
    "tokenizers": ("trainables/lab/", "trainables/tokenizer.py"),
    "urielplus": ("spaces/typology.py",),
    "yaml": ("search/", "trainables/readme.py"),
}
FORBIDDEN = {
    "spaces": {"trainables", "search", "ray", "torch", "mlflow", "transformers"},
    "trainables": {"search", "mlflow", "optuna"},
    "search": {"torch", "transformers"},
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_imports_run_one_way(path: Path) -> None:
    package = place(path).split("/")[0]
    assert not roots(path) & FORBIDDEN[package]


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_library_is_imported_by_its_owners_only(path: Path) -> None:
    strangers = {library for library in roots(path) & OWNERS.keys()
                 if not place(path).startswith(OWNERS[library])}
    assert not strangers


def test_no_module_takes_part_in_an_import_cycle() -> None:
    names = {place(path).removesuffix(".py").replace("/", "."): path for path in MODULES}
    edges = {name: {other for other in imported(path) if other in names}
             for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in edges[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in names:
        visit(name, ())


def test_the_readme_shows_the_tree_that_is_on_disk() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = re.search(r"<!-- tree -->\n```\n(.*?)```", text, re.DOTALL)
    assert tree is not None
    shown: set[str] = set()
    folder = ""
    for line in tree.group(1).splitlines():
        name = line.split("  ")[0].strip() if not line.startswith(" ") else line.split()[0]
        if not line.startswith(" "):
            folder = name
        elif name.endswith(".py"):
            shown.add(folder + name)
    on_disk = {place(path) for path in MODULES if path.name != "__init__.py"}
    assert shown == on_disk


def test_the_repository_holds_the_agreed_top_level_only() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                            check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    visible = {name for name in top if not name.startswith(".")}
    assert visible <= {"pyproject.toml", "README.md", "search", "trainables", "spaces", "tests",
                       "deploy"}
