"""Nothing unpickles: state lies in safetensors, JSON, Parquet and Arrow, which run no code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path for package in ("spaces", "trainables", "search")
                 for path in (ROOT / package).rglob("*.py"))
LIBRARIES = {"_pickle", "cloudpickle", "dill", "hickle", "joblib", "jsonpickle", "marshal",
             "pandas", "pickle", "shelve", "skops"}
IMPORTS = {("trainables/convert.py", "pickle"): "for the error that it raises"}
# What reads pickles or runs what it reads, whatever it is called on.
READERS = {"from_checkpoint", "full_load", "full_load_all", "load_state_dict_from_url",
           "read_pickle", "restore", "unsafe_load", "unsafe_load_all"}
OPTIONS = ("allow_pickle", "dtype", "trust_remote_code", "use_safetensors")
# A call named `load` may read pickles: each of them that is not JSON's, and why it reads none.
LOADS = {
    ("spaces/typology.py", "np.load(path)"):
        "the package's own numbers; without `allow_pickle` NumPy refuses objects",
    ("trainables/convert.py", "torch.load(file, map_location='cpu', weights_only=True)"):
        "the user's old checkpoint, by the user's command: tensors and plain containers alone",
    ("trainables/readme.py", "yaml.load(text.split('\\n---', 1)[0][3:], "
                             "Loader=getattr(yaml, 'CSafeLoader', yaml.SafeLoader))"):
        "plain YAML",
    ("trainables/training.py", "loop.load(segment.begin)"): "our train state: safetensors, JSON",
}


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in nodes(path) if isinstance(node, ast.Call))


def reads_pickles(node: ast.Call) -> bool:
    function = node.func
    call = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    options = {option.arg: ast.unparse(option.value) for option in node.keywords
               if option.arg in OPTIONS}
    if call in ("load", "loads", "load_all"):
        return not ast.unparse(node.func).startswith("json.")
    if call == "from_pretrained":
        is_model = "dtype" in options
        return (options.get("trust_remote_code") != "False"
                or is_model and options.get("use_safetensors") != "True")
    is_method = isinstance(function, ast.Attribute)
    return (call in READERS or call in ("eval", "exec") and not is_method
            or options.get("allow_pickle", "False") != "False")


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_module_reads_no_pickle(path: Path) -> None:
    imported = {alias.name for node in nodes(path) if isinstance(node, ast.Import)
                for alias in node.names}
    imported |= {f"{node.module}.{alias.name}" for node in nodes(path)
                 if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert {(place(path), name) for name in imported
            if LIBRARIES & set(name.split("."))} <= IMPORTS.keys()
    assert {(place(path), ast.unparse(node)) for node in calls(path)
            if reads_pickles(node)} <= LOADS.keys()


@pytest.mark.parametrize(("code", "expected"), [
    ("torch.load(path)", True), ("np.load(path, allow_pickle=True)", True),
    ("pq.read_table(path)", False), ("json.load(file)", False), ("pickle.loads(data)", True),
    ("np.genfromtxt(p, allow_pickle=yes)", True), ("Tuner.restore(path)", True),
    ("AutoModel.from_pretrained(p, trust_remote_code=True)", True),
    ("AutoModel.from_pretrained(p, trust_remote_code=False, dtype=d)", True),
    ("AutoTokenizer.from_pretrained(p, trust_remote_code=False)", False),
    ("encoder.eval()", False), ("eval(text)", True),
])
def test_what_counts_as_reading_a_pickle(code: str, expected: bool) -> None:
    node = ast.parse(code, mode="eval").body
    assert isinstance(node, ast.Call)
    assert reads_pickles(node) is expected


def test_the_exceptions_are_still_there() -> None:
    found = {(name, ast.unparse(node)) for name, _ in LOADS for node in calls(ROOT / name)}
    assert LOADS.keys() <= found
