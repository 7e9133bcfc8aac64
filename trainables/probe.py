"""Probe: whether a published encoder and its tokenizer can do what trials ask of them.

It runs in a process of its own, so that a search's process neither imports torch nor dies of a
checkpoint, and before the start, so that a bad checkpoint costs a line and not a search.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from spaces.models import HubModel
from spaces.tasks import Kind
from trainables.encoder_ref import EncoderRef, model_directory
from trainables.rows import DataError

__all__ = ["main", "probe", "probe_faults"]

# The process imports the very copy of stiltune that started it, from any working directory.
_PROBE: Final = ("import sys; sys.path[:] = sys.argv[1:]; "
                 "from trainables.probe import main; main()")
_TEXT: Final = "In 1999 she saw two old houses there ."


def probe_faults(
    models: Sequence[HubModel], hub: Path | None, kinds: Iterable[Kind], *, masks: bool = False
) -> list[str]:
    """Return one line per encoder that cannot do what tasks of some kinds ask of it.

    `masks` says that it is trained on masked tokens though none of the kinds is text.
    """
    found = []
    for model in models:
        asked = {"model": model.model_dump(mode="json"), "hub": hub and str(hub),
                 "kinds": sorted(kinds), "masks": masks}
        ran = subprocess.run([sys.executable, "-c", _PROBE, *sys.path], check=False, text=True,
                             input=json.dumps(asked), capture_output=True)
        if ran.returncode:
            last = (ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"])[-1]
            found.append(f"an encoder must load, got an error: {last} ({model.path})")
        elif line := json.loads(ran.stdout.splitlines()[-1]):
            found.append(line)
    return found


def main() -> None:
    """Probe the encoder that standard input describes and print its fault, or null, as JSON."""
    asked = json.load(sys.stdin)
    model = HubModel.model_validate(asked["model"])
    hub = None if asked["hub"] is None else Path(asked["hub"])
    try:
        probe(model, hub, [Kind(kind) for kind in asked["kinds"]], masks=asked["masks"])
    except DataError as error:
        sys.stdout.write(json.dumps(" ".join(str(error).split())))
    else:
        sys.stdout.write(json.dumps(None))


def probe(
    model: HubModel, hub: Path | None, kinds: Iterable[Kind], *, masks: bool = False
) -> None:
    """Load a published encoder with its tokenizer and read one text with them.

    Raises:
        DataError: if either does not load; if weights are not finite; if tokens have no
            embedding; if there is no such layer, or no first token to pool; if states do not see
            what follows them; or if masked tokens are asked for, by `masks` or by a kind, and
            there is no mask token, or a head of the checkpoint's own that does not fit.
    """
    directory = model_directory(model, hub)
    try:
        _probe(model, directory, kinds, masks=masks)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  a checkpoint may fail in any way at all
        line = next(iter(str(error).strip().splitlines()), "")
        raise DataError(f"an encoder must read a text, got {type(error).__name__}: {line} "
                        f"({directory})") from error


def _probe(model: HubModel, directory: Path, kinds: Iterable[Kind], *, masks: bool) -> None:
    # torch and transformers take seconds to import; who only asks for a probe does without.
    import torch

    from trainables.encoder import load_encoder
    from trainables.published_head import find_published_head, load_published_head
    from trainables.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(directory)
    kinds = list(kinds)
    needs_offsets = [kind.value for kind in kinds if kind in (Kind.TAGGING, Kind.QA)]
    if needs_offsets and not tokenizer.is_fast:
        raise DataError(f"a tokenizer must be a fast one for {' and '.join(needs_offsets)}, "
                        f"got a slow one ({directory})")
    pieces = tokenizer.encode_words([_TEXT.split()])[0] if needs_offsets else []
    ids = [*tokenizer.prefix, *tokenizer.suffix, tokenizer.pad_id, tokenizer.unknown_id,
           *([tokenizer.mask_id] if masks or Kind.MLM in kinds else []), *tokenizer.special_ids,
           *(each for word in pieces for each in word),
           *tokenizer.encode([_TEXT], None, max_length=model.max_length)["input_ids"][0]]
    if any(each.pooling == "cls" for each in model.representations) and not tokenizer.prefix:
        raise DataError("`pooling` must be mean unless the tokenizer puts a token before each "
                        f"text, got cls ({model.path})")
    encoder = load_encoder(EncoderRef(model=model.model_copy(update={"path": str(directory)}),
                                      uri=str(directory), identity=str(directory),
                                      published=True))
    rows = int(encoder.embeddings.weight.shape[0])  # type: ignore[index]
    if max(len(tokenizer) - 1, *ids) >= rows:
        raise DataError(f"a tokenizer must have at most the {rows} tokens that its encoder "
                        f"embeds, got {max(len(tokenizer) - 1, *ids) + 1} ({directory})")
    if masks or Kind.MLM in kinds:
        head = find_published_head(directory)
        if head is not None:
            load_published_head(head, encoder)
    for name, values in encoder.named_parameters():
        if not torch.isfinite(values).all():
            raise DataError(f"weights must be finite, got others in {name.removeprefix('module.')} "
                            f"({directory})")
    _check_states(encoder, ids[-4:], model, directory)


def _check_states(encoder: Any, ids: Sequence[int], model: HubModel, directory: Path) -> None:
    """Read some tokens, and again with the last one changed, which the first state must see."""
    import torch

    rows = encoder.embeddings.weight.shape[0]
    batch = torch.tensor([ids, [*ids[:-1], (ids[-1] + 1) % rows]])
    mask, types = torch.ones_like(batch, dtype=torch.bool), torch.zeros_like(batch)
    encoder.eval()
    with torch.no_grad():
        states = encoder(batch, mask, types)
        try:
            encoder.pooled(batch, mask, types, model.representations)
        except ValueError as error:
            raise DataError(f"{error} ({model.path})") from error
    if not torch.isfinite(states).all():
        raise DataError(f"an encoder's states must be finite, got others ({directory})")
    if torch.equal(states[0, 0], states[1, 0]):
        raise DataError("an encoder must read a text in both directions, got states that do not "
                        f"see what follows them, as a decoder's ({directory})")
