"""References to encoders: what phases hand to each other instead of modules.

Nothing here imports torch: a reference, a model's files and its number of parameters are read
from configurations and from the headers of safetensors files.
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from spaces.models import EncoderModel, HubModel, LabModel
from spaces.value import Value
from trainables.mirror import check_pin
from trainables.rows import DataError
from trainables.staging import staged

__all__ = ["EncoderRef", "ParameterCounts", "count_parameters", "model_directory", "read_ref",
           "weights_identity", "write_ref"]

REF_FILE = "encoder.json"
_SIDE_FILES = ["*.json", "*.txt", "*.model"]
_WEIGHTS = "*.safetensors"


class EncoderRef(Value):
    """An encoder: the model it is a state of, where its weights lie, and their identity.

    `uri` is a directory of `config.json` and safetensors, or, for a published encoder nobody
    has trained yet, the hub name itself. `identity` is a digest of all that determined the
    weights and how they are trained on.
    """

    model: EncoderModel
    uri: str
    identity: str
    published: bool = False


class ParameterCounts(Value):
    """Numbers of parameters: of the encoder's body, embeddings apart, and of all of it."""

    body: int
    total: int


def write_ref(directory: Path, identity: str, *, published: bool = False) -> None:
    """Write into a phase's directory which encoder it left: weights beside it, or published ones.

    Neither a path nor the model is kept: trials that share the phase may name one encoder
    differently, find it elsewhere, and read texts of other lengths with it.
    """
    data = {"identity": identity, "published": published}
    (directory / REF_FILE).write_text(json.dumps(data, indent=1))


def read_ref(directory: Path, model: LabModel | HubModel) -> EncoderRef:
    """Return the encoder that a phase left in its directory, a state of a trial's model."""
    data = json.loads((directory / REF_FILE).read_text())
    if isinstance(model, HubModel) and data["published"]:
        return EncoderRef(model=model, uri=model.path, identity=data["identity"], published=True)
    return EncoderRef(model=model, uri=str(directory), identity=data["identity"])


@lru_cache(maxsize=64)
def model_directory(model: HubModel, hub: Path | None) -> Path:
    """Return the directory of a published encoder, fetching it from the hub if need be.

    Looked for as a directory, then in the offline mirror `hub`, then on the hub (or in its
    cache, where HF_HUB_OFFLINE is set). With STILTUNE_STAGE it is this machine's copy of it.

    Raises:
        DataError: if there is no such encoder, or it has no safetensors weights.
    """
    places = [Path(model.path)] + ([hub / model.path] if hub else [])
    directory = next(filter(_is_directory, places), None) or _download(model)
    check_pin(directory, model.revision)
    if not (directory / "config.json").exists():
        raise DataError(f"an encoder's directory must hold config.json, got none ({directory})")
    if not sorted(directory.glob(_WEIGHTS)):
        raise DataError(f"an encoder must have safetensors weights, got none ({directory}); "
                        "`stiltune convert` makes them from a .bin file")
    return staged(directory.resolve(), (*_SIDE_FILES, _WEIGHTS))


def _is_directory(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError:  # a name longer than any file's
        return False


def _download(model: HubModel) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model.path, revision=model.revision,
                                      allow_patterns=[*_SIDE_FILES, _WEIGHTS]))
    except Exception as error:  # noqa: BLE001  the hub's client raises what its transports raise
        line = str(error).strip().splitlines()[0]
        raise DataError(f"`model` must be a directory or a name on the hub, got "
                        f"{model.path!r}: {line}") from error


@lru_cache(maxsize=64)
def weights_identity(directory: Path) -> str:
    """Return 16 hexadecimal digits over an encoder's configuration and weights."""
    total = hashlib.sha256()
    for path in [directory / "config.json", *sorted(directory.glob(_WEIGHTS))]:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def count_parameters(model: LabModel | HubModel, directory: Path | None) -> ParameterCounts:
    """Return the encoder's numbers of parameters without loading it.

    Args:
        model: the encoder.
        directory: a published encoder's directory.
    """
    if isinstance(model, LabModel):
        return _count_lab(model)
    assert directory is not None
    body = 0
    embeddings: dict[str, int] = {}
    for path in sorted(directory.glob(_WEIGHTS)):
        for name, entry in _header(path).items():
            size = math.prod(entry["shape"])
            if _is_embedding(name):
                # An encoder-decoder's tables of tokens are one and the same.
                tied = name.endswith(("shared.weight", "embed_tokens.weight"))
                embeddings["tokens" if tied else name] = size
            elif _is_body(name):
                body += size
    return ParameterCounts(body=body, total=body + sum(embeddings.values()))


def _count_lab(model: LabModel) -> ParameterCounts:
    """XLM-R's shape: per layer four attention maps, two feed-forward maps, two norms."""
    hidden, inner = model.hidden, model.feed_forward
    layer = 4 * hidden * (hidden + 1) + 2 * hidden * inner + hidden + inner + 4 * hidden
    positions = model.max_length + 2  # XLM-R's positions begin after the pad's
    embeddings = (model.vocabulary + positions + 1) * hidden + 2 * hidden
    return ParameterCounts(body=model.layers * layer, total=model.layers * layer + embeddings)


def _is_embedding(name: str) -> bool:
    is_decoders = "decoder" in name.split(".") and not name.endswith("embed_tokens.weight")
    return not is_decoders and ("embed" in name or name.endswith("shared.weight"))


def _is_body(name: str) -> bool:
    heads = ("decoder", "lm_head", "cls", "pooler", "classifier", "final_logits_bias", "head",
             "predictions", "generator_predictions", "generator_lm_head", "vocab_transform",
             "vocab_layer_norm", "vocab_projector")
    return not any(part in heads for part in name.split("."))


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(size))
    return {name: entry for name, entry in header.items()
            if name != "__metadata__" and not entry["dtype"].startswith(("I", "U", "BOOL"))}
