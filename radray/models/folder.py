"""Model folders: a Hugging Face folder (safetensors, tokenizer, config) with a manifest, opened and verified."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from radray.errors import InputError
from radray.models import hub
from radray.models.adapter import CONFIG as ADAPTER_CONFIG
from radray.models.adapter import is_adapter, join_adapter
from radray.models.contents.config import CONFIG, least_elements, read_config, refuse_missing_sizes
from radray.models.contents.tokenizer import MOST_BYTES, MOST_SETTINGS_BYTES, refuse_boundless_tokenizer
from radray.models.contents.tokenizer import SETTINGS as TOKENIZER_SETTINGS
from radray.models.contents.weights import count_elements, stored_tensors
from radray.models.families.registry import FAMILY_OF
from radray.models.gguf import is_gguf, open_gguf
from radray.models.manifest import (
    ERASED,
    MANIFEST,
    Manifest,
    hash_files,
    read_manifest,
    refuse_unlisted,
    verify_files,
)

_MOST_BY_SUFFIX = {".jinja": MOST_SETTINGS_BYTES} | dict.fromkeys((".json", ".txt", ".model"), MOST_BYTES)
"""Files that are read whole, by suffix: Gemma 3's tokenizer.json has 33 MB, its tokenizer.model 5."""
_SETTINGS = frozenset(("generation_config.json", "special_tokens_map.json", TOKENIZER_SETTINGS, ADAPTER_CONFIG))

_OUT = "out/"
"""Where jobs write when nothing else is set."""
_WRITTEN_BY = "run jobs.finetune, which writes model.out, or name another folder"
_LEVER = "use model.init=tiny (fine-tuning without network) or the path of a local model folder"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on local disk: its name, where it is, its manifest and the digest of that."""

    name: str
    path: Path
    manifest: Manifest
    digest: str


def erased_lines(model: ModelFolder) -> list[str]:
    """Return the line that a job prints which uses a model from which reports were erased; [] for any other."""
    if ERASED not in model.manifest.provenance:
        return []
    return [
        f"model {model.name} ({model.digest[:8]}): reports of a patient were erased from it, and its weights have"
        " learnt from them: fine-tune a new one"
    ]


def open_model(uri: str, *, verify: bool = True, open_base: Callable[[str], ModelFolder] | None = None) -> ModelFolder:
    """Return the model that `uri` names: a local folder, a GGUF file, or with ``hf://`` one of the hub, downloaded.

    A folder with a manifest is checked against it (`verify`: sha256 of every file); a plain Hugging Face folder gets
    its manifest computed in memory, named after the folder, and a download after its hub id. An adapter's folder is
    joined with its base model, which `open_base` opens (None: this function). Only safetensors weights are taken, and
    no code. Raises InputError for a folder that is no such model, differs from its manifest, or whose files say what
    is out of bounds or lead out of it; a model of the hub that cannot be had, and as `join_adapter`.
    """
    if not uri.strip():
        raise InputError(f"no model was named; {_LEVER}")
    if hub.is_hub(uri):
        name, folder = hub.fetch(uri, _LEVER)
        return _computed(name, folder)
    path = Path(uri).expanduser()
    if path.is_dir() and is_adapter(path):
        if (path / MANIFEST).is_file():
            manifest = read_manifest(path)
            (verify_files if verify else refuse_unlisted)(path, manifest)
        return _open_folder(join_adapter(path, open_base or open_model), verify)
    if path.is_dir():
        return _open_folder(path, verify)
    if is_gguf(uri):
        return _open_folder(open_gguf(uri), verify)
    if path.exists():
        raise InputError(f"model {uri}: not a folder")
    advice = f": {_WRITTEN_BY}" if uri.startswith(_OUT) else ""
    if hub.may_be_hub_id(uri) and not advice:
        advice = f"; a model of the Hugging Face hub is written hf://{uri}"
    raise InputError(f"model {uri}: there is no such folder{advice}")


def _open_folder(path: Path, verify: bool) -> ModelFolder:
    path = path.resolve()
    if not (path / MANIFEST).is_file():
        return _computed(path.name, path)
    manifest = read_manifest(path)
    if verify:
        verify_files(path, manifest)
    _refuse_other_than_model(str(path), path, manifest)
    return ModelFolder(manifest.name, path, manifest, manifest.digest)


def _computed(name: str, folder: Path) -> ModelFolder:
    manifest = Manifest(name, hash_files(folder), {})
    _refuse_other_than_model(name, folder, manifest)
    return ModelFolder(name, folder, manifest, manifest.digest)


def _refuse_other_than_model(uri: str, folder: Path, manifest: Manifest) -> None:
    """Raise InputError for a folder that is no model, or has a loader build too much or open what is not listed."""
    refuse_unlisted(folder, manifest)
    for file, entry in manifest.files.items():
        name = file.rpartition("/")[2]
        most = MOST_SETTINGS_BYTES if name in _SETTINGS else _MOST_BY_SUFFIX.get(Path(name).suffix)
        # its entry is that of a manifest which is believed once the file is hashed: the file itself is looked at
        if most is not None and max(entry.bytes, (folder / file).stat().st_size) > most:
            raise InputError(f"model folder {folder}: {file} has more than {most:,} bytes: it is read whole")
    if CONFIG not in manifest.files:
        raise InputError(f"model {uri}: not a model folder, it has no {CONFIG}")
    if not any(file.endswith(".safetensors") and "/" not in file for file in manifest.files):
        raise InputError(f"model {uri}: no *.safetensors weights; other formats are not loaded")
    for file in manifest.files:
        # transformers puts the one on the model, and loads the other as torch's checkpoint in parts
        if file == ADAPTER_CONFIG or (file.startswith("shard-") and file.endswith(".safetensors")):
            raise InputError(
                f"model folder {folder}: {file} beside {CONFIG}: it would be loaded in place of the weights"
            )
    config = read_config(folder)
    refuse_boundless_tokenizer(folder)
    family = FAMILY_OF.get(str(config.get("model_type")))
    if family is None:
        return  # whoever wants to load it refuses it by its type
    refuse_missing_sizes(config, family, f"model folder {folder}: {CONFIG}")
    stored = stored_tensors(folder)
    if least_elements(config) > count_elements(stored.values()):
        raise InputError(
            f"model folder {folder}: {CONFIG} describes a model larger than its weights, which have"
            f" {count_elements(stored.values()):,} numbers"
        )
