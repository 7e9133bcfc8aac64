"""What is predicted of a row does not depend on the rows beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from spaces.tasks import Kind
from tests.trainables.tiny import rows, task, write_encoder
from trainables.device import choose_device
from trainables.encoded import Encoded
from trainables.encoder import Encoder, load_encoder
from trainables.encoder_ref import EncoderRef
from trainables.encoding import encode
from trainables.heads import Head, fresh_head
from trainables.predict import Predictor, values_of
from trainables.tokenizer import Tokenizer, load_tokenizer
from trainables.workers import Alone

CHOICE = task(Kind.MULTIPLE_CHOICE)


@pytest.fixture(scope="module", params=["bert", "xlm-roberta"])
def read(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoder, Tokenizer]:
    place = tmp_path_factory.mktemp("encoder")
    model = write_encoder(place, request.param)
    ref = EncoderRef(model=model, uri=model.path, published=True, identity=str(place))
    return load_encoder(ref).eval(), load_tokenizer(place)


def head() -> Head:
    found = fresh_head(CHOICE, 16, seed=1)
    with torch.no_grad():
        for value in found.parameters():
            value.mul_(20)  # so that no two scores are nearly equal
    return found


def predicted(encoder: Encoder, items: Encoded, fails: Callable[[int], bool] | None = None
              ) -> list[int]:
    sizes = []

    class Watched(torch.nn.Module):
        def forward(self, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
            if fails is not None and fails(len(ids)):
                raise torch.OutOfMemoryError("CUDA out of memory")
            sizes.append(len(ids))
            states: Tensor = encoder(ids, mask, types)
            return states

    predictor = Predictor(Watched(), 0, device=choose_device("float32"),  # type: ignore[arg-type]
                          workers=Alone(), report=lambda done: None)
    found = predictor.labels(head(), Kind.MULTIPLE_CHOICE, items)
    assert sum(sizes) == 3 * len(items)
    assert all(size % 3 == 0 for size in sizes)
    return [int(each[0]) for each in found]


def test_scores_of_a_padded_batch_are_those_of_options_one_at_a_time(
    read: tuple[Encoder, Tokenizer],
) -> None:
    encoder, tokenizer = read
    items, scorer = encode(rows(CHOICE), tokenizer, 24), head()
    padded = items.pad(np.arange(len(items)), tokenizer.pad_id)
    parts = [torch.from_numpy(part) for part in (padded.ids, padded.mask, padded.types)]
    with torch.no_grad():
        scores = scorer(encoder(*parts), parts[1])
        for number, length in enumerate(items.lengths.tolist()):
            alone = [part[number:number + 1, :length] for part in parts]
            pooled = encoder(*alone)[0].mean(0)
            score = scorer.out(torch.tanh(scorer.dense(pooled)))  # type: ignore[operator]
            assert torch.allclose(score, scores[number // 3, number % 3], atol=1e-5)
    assert predicted(encoder, items) == scores.argmax(1).tolist()


def test_rows_are_predicted_alike_in_any_company(read: tuple[Encoder, Tokenizer]) -> None:
    encoder, tokenizer = read
    many = encode(rows(CHOICE, count=320), tokenizer, 24)  # more than one batch
    wanted = predicted(encoder, many)
    assert len(set(wanted)) == 3
    alone = [predicted(encoder, many.take(np.asarray([number])))[0] for number in range(20)]
    assert alone == wanted[:20]
    assert predicted(encoder, many, fails=lambda size: size > 30) == wanted
    assert values_of(rows(CHOICE, count=320), many, [np.asarray([n]) for n in wanted]) == wanted


@pytest.mark.parametrize(("spans", "nones", "metric", "answers"), [
    ([3.0, 1.0], [2.0, 2.0], "squad2_f1", True),  # the best span of a row's windows counts ...
    ([3.0, 1.0], [9.0, 2.0], "squad2_f1", True),  # ... against no answer where it is least likely
    ([3.0, 1.0], [9.0, 4.0], "squad2_f1", False),
    ([3.0, 1.0], [9.0, 4.0], "f1", True),  # a task whose questions have answers gets one
])
def test_no_answer_is_given_where_it_is_likelier_in_every_window(
    read: tuple[Encoder, Tokenizer], spans: list[float], nones: list[float], metric: str,
    answers: bool,
) -> None:
    asked = rows(task(Kind.QA).model_copy(update={"metric": metric}), count=1)
    items = encode(asked, read[1], 16)
    first = int(np.flatnonzero(items.tokens["char_start"][: items.offsets[1]] >= 0)[0])
    found = [np.array([score, first, first, none]) for score, none in
             zip(spans, nones, strict=True)]
    windows = Encoded.join([items, items]) if len(items) == 1 else items
    windows.items["row"][:] = 0
    (said,) = values_of(asked, windows, (found * len(windows))[: len(windows)])
    assert bool(said) is answers
