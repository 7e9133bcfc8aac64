"""URIEL distances: a metric's first laws, URIEL+'s own numbers, the fallback, and the silence."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces import typology
from spaces.languages import ENGLISH, languages
from spaces.typology import MIN_SHARED_FEATURES, DistanceKind, distance

CODES = [entry.code for entry in languages()]
ROOT = Path(__file__).parents[2]


@given(st.sampled_from(CODES), st.sampled_from(CODES), st.sampled_from(list(DistanceKind)))
def test_distance_is_bounded_symmetric_and_zero_to_itself(
    a: str, b: str, kind: DistanceKind
) -> None:
    assert 0 <= distance(a, b, kind) <= 1
    assert distance(a, b, kind) == distance(b, a, kind)
    assert distance(a, a, kind) == 0


@pytest.mark.parametrize(
    ("a", "b", "kind", "expected"),
    [  # from URIELPlus().new_distance, urielplus 1.3.2
        ("en", "sw", "syntactic", 0.693),
        ("en", "de", "syntactic", 0.3582),
        ("en", "de", "featural", 0.4033),
        ("en", "de", "inventory", 0.4364),
        ("en", "fr", "phonological", 0.4576),
        ("en", "de", "genetic", 0.6336),
        ("en", "zh", "geographic", 0.3095),
        ("en", "ru", "script", 0.3918),
    ],
)
def test_distances_are_those_of_urielplus(a: str, b: str, kind: str, expected: float) -> None:
    assert distance(a, b, kind) == expected


def test_syntax_is_the_default() -> None:
    assert distance("en", "ja") == distance("en", "ja", "syntactic")


@pytest.mark.parametrize("kind", list(DistanceKind))
def test_every_catalogued_language_has_every_distance_from_english(kind: DistanceKind) -> None:
    distances = [distance(ENGLISH, code, kind) for code in CODES if code != ENGLISH]
    assert all(np.isfinite(distances))
    assert len(set(distances)) > 1


def test_unknown_features_are_taken_from_the_nearest_relative() -> None:
    slovak = typology._row("sk", DistanceKind.SYNTACTIC)
    czech = typology._row("cs", DistanceKind.SYNTACTIC)
    completed = typology._completed("sk", DistanceKind.SYNTACTIC)
    assert (slovak < 0).all()
    assert (completed >= 0).all()
    np.testing.assert_array_equal(completed[czech >= 0], czech[czech >= 0])
    assert distance("sk", "cs") == 0 < distance("sk", "pl")


def test_completion_keeps_what_is_known() -> None:
    croatian = typology._row("hr", DistanceKind.SYNTACTIC)
    assert 0 < np.count_nonzero(croatian >= 0) < MIN_SHARED_FEATURES
    completed = typology._completed("hr", DistanceKind.SYNTACTIC)
    np.testing.assert_array_equal(completed[croatian >= 0], croatian[croatian >= 0])


@pytest.mark.parametrize(
    ("u", "v", "expected"),
    [([1, 0], [0, 1], 1.0), ([1, 1], [1, 1], 0.0), ([1, 0], [1, 1], 0.5), ([0, 0], [1, 0], 0.5)],
)
def test_angle_is_counted_in_right_angles(u: list[int], v: list[int], expected: float) -> None:
    assert typology._angle(np.array(u, float), np.array(v, float)) == expected


def test_an_unknown_kind_or_language_is_refused() -> None:
    with pytest.raises(ValueError, match="`kind` must be one of syntactic, .*, got 'lexical'"):
        distance("en", "de", "lexical")
    with pytest.raises(ValueError, match="must be a catalogued code, got 'xx'"):
        distance("en", "xx")


def test_a_language_outside_uriel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typology, "_rows", lambda kind: {})
    with pytest.raises(ValueError, match=r"must be in URIEL, got 'de' \(ISO 639-3 'deu'\)"):
        typology._row("de", DistanceKind.SYNTACTIC)


def test_distances_are_quiet_fast_and_leave_the_disk_and_the_loggers_alone(tmp_path: Path) -> None:
    script = (
        "from importlib import resources\n"
        "from spaces.languages import languages\n"
        "import spaces.typology as typology\n"
        "import logging, sys\n"
        "assert 'urielplus' not in sys.modules\n"
        "database = resources.files('urielplus') / 'database'\n"
        "before = sorted(f.name for f in database.iterdir())\n"
        "for entry in languages(): typology.distance('en', entry.code)\n"
        "assert not logging.getLogger().handlers\n"
        "assert not [name for name in sys.modules if name.startswith('urielplus.urielplus')]\n"
        "assert sorted(f.name for f in database.iterdir()) == before\n"
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-B", "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
    assert time.perf_counter() - started < 20  # about 1 s alone; a loaded machine may take longer
