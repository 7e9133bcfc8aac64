"""Tasks that a study adds: read as data, held to the catalogue's laws, refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from search.cli import run
from search.journal import Journal
from search.study import CATALOGUE, Study, StudyError
from spaces.data_sources import FilesSource, HubSource
from spaces.tasks import Kind, find_task
from tests.search.good_study import good, read
from tests.search.own_study import write_study
from tests.trainables.own_files import TAGS, write_labels

NLI: dict[str, Any] = {
    "kind": "pair", "labels": ["yes", "no"], "metric": "accuracy", "hub": "my-org/my-nli",
    "config": "{code}", "splits": {"train": "train", "test": "test"},
    "columns": {"text": "premise", "text_pair": "hypothesis"}, "train": ["en", "de"],
    "evaluation": ["el", "tr"]}
FILES: dict[str, Any] = {"kind": "pair", "labels": ["yes", "no"], "metric": "accuracy",
                         "files": "/data/pairs", "train": ["en", "de"], "evaluation": ["el"]}
LIKE: dict[str, Any] = {"like": "mnli", "files": "/data/mnli", "train": ["de"],
                        "translated": "machine"}


def adding(**tasks: Any) -> Study:
    return read(good(tasks={name.replace("_", "-"): given for name, given in tasks.items()}))


def changed(given: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (given | changes).items() if value is not None}


def test_a_task_of_the_hub_is_read_as_the_catalogues_are() -> None:
    task = adding(my_nli=NLI).task("my-nli")
    assert (task.kind, task.labels, task.metric) == (Kind.PAIR, ("yes", "no"), "accuracy")
    assert (task.train, task.evaluation) == (("en", "de"), ("el", "tr"))
    assert isinstance(task.source, HubSource)
    assert task.source.config_of("el") == "el"
    assert task.source.columns == {"text": "premise", "text_pair": "hypothesis", "label": "label"}
    assert (task.train_provenance, task.evaluation_provenance) == ("native", "native")


@pytest.mark.parametrize("name", [task.name for task in CATALOGUE
                                  if task.kind is not Kind.RANKING])
def test_a_task_like_a_catalogued_one_has_its_schema(name: str) -> None:
    before = find_task(name, CATALOGUE)
    languages = {"train": ["de"]} if before.trained else {"evaluation": ["de"]}
    task = adding(mine={"like": name, "files": "/data", "translated": "human"} | languages
                  ).task("mine")
    assert (task.kind, task.labels, task.metric) == (before.kind, before.labels, before.metric)
    assert task.train_provenance == task.evaluation_provenance == "human-translated"
    assert isinstance(task.source, FilesSource)
    if isinstance(before.source, HubSource):
        assert task.source.columns == before.source.columns
        assert task.source.rows_per_document == before.source.rows_per_document
        assert task.source.document == before.source.document
        assert task.source.asked == before.source.asked
        assert task.source.wordings == before.source.wordings


def test_text_to_go_on_pretraining_with_needs_neither_metric_nor_role() -> None:
    task = adding(mine={"kind": "mlm", "files": "/data", "train": ["en", "sw"]}).task("mine")
    assert (task.kind, task.roles, task.metric) == (Kind.MLM, ("intermediate",), None)


def test_what_is_said_comes_before_what_it_is_like() -> None:
    task = adding(mine=changed(LIKE, columns={"text": "a", "id": "key"}, document="article",
                               splits={"train": "all"})).task("mine")
    assert isinstance(task.source, FilesSource)
    assert task.source.columns == {"text": "a", "text_pair": "hypothesis", "label": "label",
                                   "id": "key"}
    assert task.source.document == "article"
    assert task.source.splits == {"train": "all"}


def test_files_lie_beside_the_study_and_labels_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = write_labels(tmp_path / "here/ccg", TAGS)
    given = {"kind": "tagging", "metric": "accuracy", "files": "ccg", "train": ["en"]}
    (tmp_path / "here/study.yaml").write_text(yaml.safe_dump(good(tasks={"ccg": given})))
    monkeypatch.chdir(tmp_path)
    study = Study.from_file("here/study.yaml")
    task = study.task("ccg")
    assert isinstance(task.source, FilesSource)
    assert task.source.directory == str(tmp_path / "here/ccg")
    assert task.labels == TAGS
    labels.unlink()  # a search goes on with what it began with
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("opened", study=study.model_dump(mode="json"))
    assert Study.from_journal(journal) == study
    journal.close()


def test_a_study_with_tasks_of_its_own_reads_back_equal() -> None:
    study = adding(my_nli=NLI, pairs=FILES, mnli_de=LIKE)
    again = Study.from_text(study.to_yaml())
    assert again == study
    assert again.own_tasks == study.own_tasks
    assert [task.name for task in study.own_tasks] == ["mnli-de", "my-nli", "pairs"]


def test_a_study_without_any_is_written_as_ever() -> None:
    assert "tasks" not in read(good()).model_dump()


def test_a_task_that_no_phase_uses_is_said() -> None:
    assert any(warning.endswith("got 'my-nli' (tasks.my-nli)")
               for warning in adding(my_nli=NLI).warnings())


# Tasks, and the end of the one line.
MALFORMED: list[tuple[Any, str]] = [
    ({"my": {"like": "lareqa", "files": "/data", "evaluation": ["de"]}},
     "`source` must hold a pool of candidates for ranking, got tables (my) "
     "(tasks.my)"),
    ({"my": {"kind": "mlm", "files": "/data", "train": ["de"], "metric": "accuracy"}},
     "`metric` must be given exactly for kinds that are scored, got accuracy for mlm "
     "(tasks.my.metric)"),
    ([], "`tasks` must be a mapping of keys to values, got [] (tasks)"),
    ({"mine": 3}, "`mine` must be a mapping of keys to values, got 3 (tasks.mine)"),
    ({"Mine": NLI}, "a task's name must match [a-z0-9][a-z0-9_-]{0,63}, got 'Mine' (tasks.Mine)"),
    ({"a.b": NLI}, "got 'a.b' (tasks.a.b)"),
    ({"mnli": NLI}, "a study's own task must have a name of its own, got 'mnli', which is in the "
                    "catalogue (tasks.mnli)"),
    ({"7": changed(NLI, colums={})}, "`tasks.7` must have only the keys like, kind, roles, hub, "
     "files, config, splits, columns, document, document_runs, rows_per_document, id_prefix, "
     "revision, labels, metric, train, evaluation, translated, absent, got 'colums'; "
     "nearest: 'columns' (tasks.7.colums)"),
    ({"my": changed(NLI, kind="pairs")}, "got 'pairs' (tasks.my.kind)"),
    ({"my": changed(NLI, kind=None)}, "`kind` must be given unless `like` is, got nothing "
                                      "(tasks.my.kind)"),
    ({"my": changed(NLI, metric=None)}, "`metric` must be given unless `like` is, got nothing "
                                        "(tasks.my.metric)"),
    ({"my": changed(NLI, metric="f1")}, "`metric` must be one of accuracy for pair, got 'f1' "
                                        "(tasks.my.metric)"),
    ({"my": changed(NLI, labels=None)}, "`labels` must be given exactly for labelled kinds, got () "
                                        "(tasks.my.labels)"),
    ({"my": changed(NLI, labels=[0, 1])}, "`labels` must be text, got 0 (tasks.my.labels.0); and 1 "
                                          "more fault"),
    ({"my": changed(NLI, labels=["a", "a"])}, "`labels` must list each item once, got 'a' twice "
                                              "(tasks.my.labels)"),
    ({"my": changed(NLI, kind="multiple-choice", columns=None, labels=["1"])},
     "`labels` must name 2 to 10 options, each once, got 1 (tasks.my.labels)"),
    ({"my": changed(NLI, kind="qa", metric="f1", columns=None)},
     "`labels` must be given exactly for labelled kinds, got ('yes', 'no') (tasks.my.labels)"),
    ({"my": changed(NLI, roles=[])}, "`roles` must have at least 1 item(s), got [] "
                                     "(tasks.my.roles)"),
    ({"my": changed(NLI, roles=["auxiliary"])}, "`roles` must be 'intermediate' or 'target', got "
                                                "'auxiliary' (tasks.my.roles.0)"),
    ({"my": changed(NLI, hub=None)}, "`files` or `hub` must be given, one of them, got neither "
                                     "(tasks.my.files)"),
    ({"my": changed(NLI, files="x")}, "`files` or `hub` must be given, one of them, got both "
                                      "(tasks.my.files)"),
    ({"my": changed(NLI, hub="../my-nli")}, "got '../my-nli' (tasks.my.hub)"),
    ({"my": changed(NLI, config="{lang}")}, "`config` must have in braces only code, tatoeba, "
                                            "udpos, got '{lang}' (tasks.my.config)"),
    ({"my": changed(NLI, config="{")}, "got '{' (tasks.my.config)"),
    ({"my": changed(NLI, id_prefix="{}-")}, "got '{}-' (tasks.my.id_prefix)"),
    ({"my": changed(NLI, splits=None)}, "`splits` must be given beside `hub`, got nothing "
                                        "(tasks.my.splits)"),
    ({"my": changed(NLI, splits={"dev": "dev"})}, "`dev` must be 'train', 'validation' or "
     "'test', got 'dev' (tasks.my.splits.dev)"),
    ({"my": changed(NLI, splits={"train": "a/b"})}, "got 'a/b' (tasks.my.splits.train)"),
    ({"my": changed(NLI, splits={"train": "train"})}, "`splits` must have test or validation "
     "where `evaluation` lists languages, got train (tasks.my.splits)"),
    ({"my": changed(NLI, columns={"premise": "text"})}, "`columns` must name the columns of pair, "
     "text, text_pair, label, or id, got 'premise' (tasks.my.columns)"),
    ({"my": changed(NLI, columns={"labels": "x"})}, "got 'labels'; nearest: 'label' "
                                                    "(tasks.my.columns)"),
    ({"my": changed(NLI, columns={"text": 3})}, "`text` must be a column's name, or of texts and "
     "options a list of them, got 3 (tasks.my.columns.text)"),
    ({"my": changed(NLI, columns={"label": ["a", "b"]})}, "`label` must be one column, got a, b "
                                                         "(tasks.my.columns)"),
    ({"my": changed(NLI, id_prefix="de-")}, "`columns` must have `id` where `id_prefix` is given, "
                                            "got text, text_pair, label (tasks.my.columns)"),
    ({"my": changed(NLI, document="a", document_runs="b")}, "at most one of `document`, "
     "`document_runs` and `rows_per_document` must be given, got 2 (tasks.my)"),
    ({"my": changed(NLI, train=["en", "xx"])}, "`language` must be a catalogued code, got 'xx' "
                                               "(tasks.my.train.1)"),
    ({"my": changed(NLI, train=["en", "en"])}, "`train` must list each item once, got 'en' twice "
                                               "(tasks.my.train)"),
    ({"my": changed(NLI, train=None, evaluation=None)}, "`train` or `evaluation` must list a "
     "language, got none (tasks.my.train)"),
    ({"my": changed(NLI, translated="google")}, "`translated` must be 'machine' or 'human', got "
                                                "'google' (tasks.my.translated)"),
    ({"my": changed(FILES, config="de")}, "`config` must be left out beside `files`, got 'de' "
                                          "(tasks.my.config)"),
    ({"my": changed(FILES, files="")}, "`files` must not be empty, got '' (tasks.my.files)"),
    ({"my": changed(FILES, files="~no-such-user/x")}, "(tasks.my.files)"),
    ({"my": changed(FILES, files="/no/such", labels=None)}, "labels must be listed, or lie in "
     "labels.txt, got no such file (/no/such/labels.txt) (tasks.my.labels)"),
    ({"my": changed(LIKE, like="mnly")}, "got 'mnly'; nearest: 'mnli' (tasks.my.like)"),
    ({"my": changed(LIKE, kind="pair")}, "`kind` must be left out beside `like`, whose it is, got "
                                         "pair (tasks.my.kind)"),
    ({"my": changed(LIKE, like="tatoeba")}, "`train` must be empty for retrieval, got ('de',) "
                                            "(tasks.my.train)"),
]


@pytest.mark.parametrize(("tasks", "line"), MALFORMED, ids=lambda each: str(each)[:60])
def test_a_malformed_task_is_refused_in_one_line(tasks: Any, line: str) -> None:
    with pytest.raises(StudyError) as caught:
        read(good(tasks=tasks))
    message = str(caught.value)
    assert message.endswith(line)
    assert "must" in message
    assert "\n" not in message


def test_a_near_miss_of_an_own_task_is_offered() -> None:
    with pytest.raises(StudyError, match=r"got 'my-nly'; nearest: 'my-nli' \(intermediate.tasks.0"):
        read(good(tasks={"my-nli": NLI}, intermediate__tasks=["my-nly"]))


def test_check_counts_the_rows_of_own_tasks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["check", str(write_study(tmp_path)), "--storage", str(tmp_path / "results")]
    assert run(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["tags", "80", "2:", "en", "de"] for line in lines)
    assert any(line.split() == ["mine", "report", "el", "tr", "-"] for line in lines)


@pytest.mark.parametrize(("gone", "law"), [
    ("mine", "`files` must be a directory, got none (DIR/mine)"),
    ("tags/de/train.conll", "tags de must have a train split, got none of train.parquet, "
                            "train.jsonl, train.conll: there is nothing (DIR/tags/de)"),
    ("mine/tr/test.jsonl", "mine must have a validation or a test split to score on, got none for "
                           "'tr' (DIR/mine)"),
])
def test_check_says_what_is_not_there(
    gone: str, law: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = write_study(tmp_path)
    (tmp_path / gone).rename(tmp_path / "gone")
    assert run(["check", str(study), "--storage", str(tmp_path / "results")]) == 2
    errors = capsys.readouterr().err
    assert law.replace("DIR", str(tmp_path)) in errors
    assert errors.count("\n") == 1


def test_a_search_resumed_where_the_files_are_not_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = Study.from_file(str(write_study(tmp_path)))
    (tmp_path / "results/good-1").mkdir(parents=True)
    journal = Journal(tmp_path / "results/good-1/journal.jsonl")
    journal.append("opened", study=study.model_dump(mode="json"), hub=None, versions={})
    journal.close()
    (tmp_path / "tags").rename(tmp_path / "moved")
    assert run(["resume", "good", "--storage", "results"]) == 2
    errors = capsys.readouterr().err
    assert f"`files` must be a directory, got none ({tmp_path / 'tags'})" in errors
    assert errors.count("\n") == 1
