"""Convert a checkpoint of pickled PyTorch tensors into safetensors, without running what it holds.

A pickle may run any code when it is loaded; `weights_only` loading admits tensors and plain
containers alone, and what it refuses is refused here.
"""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spaces.faults import UserError

__all__ = ["ConvertError", "convert"]

WHOLE = "pytorch_model.bin"
INDEX = "pytorch_model.bin.index.json"

# Configuration and tokenizer files. Code (.py) is left behind: none is run from a checkpoint.
_COPIED = (".json", ".txt", ".model", ".jinja", ".bpe", ".vocab")


class ConvertError(UserError):
    """A checkpoint that cannot be converted: one line with the law, the value and the file."""


def convert(source: Path, target: Path) -> tuple[Path, ...]:
    """Write a safetensors copy of the checkpoint directory `source` to the new `target`.

    Whole checkpoints (`pytorch_model.bin`) become `model.safetensors`, sharded ones keep their
    shards. Tensors that share memory are written once each, since safetensors cannot share:
    embeddings tied to an output layer take their place twice.

    Returns:
        The safetensors files written.

    Raises:
        ConvertError: if `source` holds no such checkpoint or a damaged one, its pickles hold more
            than tensors, or `target` is there already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConvertError(f"the target must be a new or an empty directory, got {target}")
    if not (source / "config.json").is_file():
        raise ConvertError(f"a checkpoint must have a config.json, got none in {source}")
    shards = _shards(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Made beside the target and moved in one step: a cut conversion leaves no half checkpoint.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        made = Path(folder) / "made"
        made.mkdir()
        _write(source, made, shards)
        _copy_rest(source, made)
        if target.exists():
            target.rmdir()
        made.rename(target)
    return tuple(target / name for name in shards.values())


def _shards(source: Path) -> dict[str, str]:
    """Return pickle file -> safetensors file, by name."""
    if (source / WHOLE).is_file():
        return {WHOLE: "model.safetensors"}
    if not (source / INDEX).is_file():
        raise ConvertError(f"a checkpoint must have {WHOLE} or {INDEX}, got neither in {source}")
    names = sorted(set(_weight_map(source).values()))
    for name in names:
        if Path(name).name != name or not name.endswith(".bin"):
            raise ConvertError(f"a shard must be a .bin file beside its index, got {name!r} "
                               f"({source / INDEX})")
        if not (source / name).is_file():
            raise ConvertError(f"every shard of the index must be there, got none called {name} "
                               f"({source})")
    return {name: name.replace("pytorch_model", "model").removesuffix(".bin") + ".safetensors"
            for name in names}


def _weight_map(source: Path) -> dict[str, str]:
    try:
        found = json.loads((source / INDEX).read_text(encoding="utf-8"))["weight_map"]
        return {str(name): str(shard) for name, shard in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConvertError(f"an index must be JSON with a `weight_map`, got {error!r} "
                           f"({source / INDEX})") from error


def _write(source: Path, made: Path, shards: Mapping[str, str]) -> None:
    from safetensors.torch import save_file

    places: dict[str, str] = {}
    size = 0
    for pickled, name in shards.items():
        tensors = _load(source / pickled)
        save_file(tensors, made / name, metadata={"format": "pt"})
        places |= dict.fromkeys(tensors, name)
        size += sum(tensor.nbytes for tensor in tensors.values())
    if WHOLE in shards:
        return
    missing = sorted(set(_weight_map(source)) - set(places))
    if missing:
        raise ConvertError(f"every tensor of the index must be in a shard, got none called "
                           f"{missing[0]} ({source / INDEX})")
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(places.items()))}
    (made / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def _load(file: Path) -> dict[str, Any]:
    """Return name -> tensor with memory of its own."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about protocols; what matters is raised
            loaded = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ConvertError(f"a checkpoint's pickle must hold tensors and plain containers alone: "
                           f"{_refused(error)} ({file})") from error
    except Exception as error:  # damaged bytes make the unpickler fail in any way there is
        raise ConvertError(f"a checkpoint must be a whole PyTorch file: {_first_line(error)} "
                           f"({file})") from error
    if not isinstance(loaded, Mapping) or not loaded:
        raise ConvertError("a checkpoint must map names to dense tensors, got "
                           f"{type(loaded).__name__} ({file})")
    for name, value in loaded.items():
        dense = isinstance(value, torch.Tensor) and value.layout is torch.strided
        if not isinstance(name, str) or not dense:
            raise ConvertError("a checkpoint must map names to dense tensors, got "
                               f"{type(value).__name__} under {name!r} ({file})")
    return _unshared(loaded)


def _unshared(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Return contiguous tensors of which no two overlap in memory."""
    import torch

    seen: set[int] = set()
    own = {}
    for name, tensor in tensors.items():
        memory = tensor.untyped_storage().data_ptr()
        # A view is copied too, or the file would hold what lies around it.
        whole = tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes
        own[name] = (tensor if whole and memory not in seen
                     else tensor.clone(memory_format=torch.contiguous_format)).detach()
        seen.add(memory)
    return own


def _copy_rest(source: Path, made: Path) -> None:
    for file in sorted(source.iterdir()):
        index = file.name.endswith(".index.json")
        if file.is_file() and file.suffix in _COPIED and not index:
            shutil.copyfile(file, made / file.name)


def _refused(error: Exception) -> str:
    """Return the part of torch's long message that names what was refused."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if "GLOBAL" in line or "Unsupported" in line]
    return (named or lines or [type(error).__name__])[0].split(". Please")[0]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
