"""Multiple choice: what goes on, what follows, what answers (HellaSwag, Cosmos QA and others)."""

from __future__ import annotations

from typing import Final

from spaces.data_sources import HubSource
from spaces.tasks import Kind, Task

__all__ = ["CHOICE_TASKS"]

_XCOPA_LANGUAGES = ("et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh")

# COPA asks by one word; asked in full, as a reader would be.
_ASKED = {"question": {"cause": "What was the cause?", "effect": "What happened as a result?"}}
_COPA_COLUMNS: Final[dict[str, str | tuple[str, ...]]] = {
    "prompt": "premise", "options": ("choice1", "choice2"), "label": "label"}

CHOICE_TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="hellaswag",
        kind=Kind.MULTIPLE_CHOICE,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        labels=("0", "1", "2", "3"),
        metric="accuracy",
        source=HubSource(
            repository="Rowan/hellaswag",
            config="default",
            splits={"train": "train", "validation": "validation"},
            columns={"prompt": "ctx", "options": "endings", "label": "label"},
            document="source_id",  # several rows tell of one video or article
        ),
    ),
    Task(
        name="cosmosqa",
        kind=Kind.MULTIPLE_CHOICE,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        labels=("0", "1", "2", "3"),
        metric="accuracy",
        source=HubSource(
            repository="Samsoup/cosmos_qa",  # the original is, or was, a script
            copies=("allenai/cosmos_qa",),
            config="default",
            splits={"train": "train", "validation": "validation"},
            columns={"id": "id", "prompt": "context", "label": "label",
                     "options": ("answer0", "answer1", "answer2", "answer3")},
            asked="question",
            document="context",
        ),
    ),
    Task(
        name="commonsenseqa",
        kind=Kind.MULTIPLE_CHOICE,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        labels=("A", "B", "C", "D", "E"),
        metric="accuracy",
        source=HubSource(
            repository="tau/commonsense_qa",
            config="default",
            splits={"train": "train", "validation": "validation"},
            columns={"id": "id", "prompt": "question", "options": "choices.text",
                     "label": "answerKey"},
            document="question_concept",
        ),
    ),
    Task(
        name="siqa",
        kind=Kind.MULTIPLE_CHOICE,
        roles=("intermediate",),
        train=("en",),
        evaluation=("en",),
        labels=("1", "2", "3"),
        metric="accuracy",
        source=HubSource(
            repository="lighteval/siqa",  # the original is a script
            copies=("allenai/social_i_qa",),
            config="default",
            splits={"train": "train", "validation": "validation"},
            columns={"prompt": "context", "label": "label",
                     "options": ("answerA", "answerB", "answerC")},
            asked="question",
            document="context",
        ),
    ),
    # XTREME-R trains it on SIQA and then on COPA: SIQA is an intermediate task here.
    Task(
        name="xcopa",
        kind=Kind.MULTIPLE_CHOICE,
        roles=("target",),
        train=("en",),
        evaluation=_XCOPA_LANGUAGES,
        labels=("choice1", "choice2"),
        metric="accuracy",
        source=HubSource(
            repository="cambridgeltl/xcopa",
            config="{code}",
            splits={"validation": "validation", "test": "test"},
            columns=_COPA_COLUMNS,
            asked="question",
            wordings=_ASKED,
        ),
        train_sources=(HubSource(
            repository="aps/super_glue",
            config="copa",
            splits={"train": "train"},
            columns=_COPA_COLUMNS,
            asked="question",
            wordings=_ASKED,
        ),),
        evaluation_provenance="human-translated",
    ),
)
