"""Models on S3: put there with the manifest last, fetched once a node into a cache that their digest names.

::

    s3://bucket/models/chest/                the files of a model folder, as they are
        manifest.json                        sha256 of each; written last: without it there is no model
    $XDG_CACHE_HOME/radray/models/<digest>/  the same on a node (else below ~/.cache), checked against the manifest

Nothing is ever removed from the cache but what is damaged, and by an erasure what carries the patient's reports: a
folder of it may be removed whenever nobody uses it.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from radray.errors import ConfigError, InputError, RadrayError
from radray.models.cache import cache_folder
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import (
    MANIFEST,
    Check,
    Manifest,
    hash_file,
    parse_manifest,
    read_manifest,
    store_manifest,
    verify_files,
)
from radray.models.verified import exclusive
from radray.settings.model import ModelSettings
from radray.storage.failures import MissingFile
from radray.storage.files import Storage, absolute_uri, is_s3
from radray.storage.whole import remove_abandoned, whole_folder

_TRIES = 2


@dataclass(frozen=True, slots=True)
class StoredModel(ModelFolder):
    """A model of `uri` that was fetched to `path`; on another node it is not there before `on_this_node`."""

    uri: str
    storage: Storage


def open_stored(uri: str, storage: Storage) -> ModelFolder:
    """Return the model of `uri`: on S3 it is fetched to this node, everything else is what `open_model` makes of it.

    An adapter is fetched, and its base model with it where that is on S3. Raises InputError as `open_model`, and for a
    model on S3 that is not whole.
    """

    def open_base(name: str) -> ModelFolder:
        return open_stored(name, storage)

    if not is_s3(uri):
        return open_model(uri, open_base=open_base)
    uri = absolute_uri(uri)
    try:
        manifest = parse_manifest(storage.read(f"{uri}/{MANIFEST}"), uri)
    except MissingFile:
        raise InputError(
            f"model {uri}: there is no {MANIFEST}: no model, or one that was not uploaded to its end"
        ) from None
    model = StoredModel(manifest.name, _cached(manifest), manifest, manifest.digest, uri, storage)
    here = on_this_node(model)
    opened = open_model(str(here.path), verify=False, open_base=open_base)  # that it is a model at all
    return here if opened.path == here.path.resolve() else opened


def open_models(settings: ModelSettings, storage: Storage) -> list[ModelFolder]:
    """Return the models of `model.uri`, those that `model.digest` pins. Raises as `open_stored` and `refuse_other`."""
    refuse_unpinned(settings)
    models = [open_stored(uri, storage) for uri in settings.uri]
    for model, digest in zip(models, settings.digest, strict=False):
        refuse_other(model, digest)
    return models


def refuse_unpinned(settings: ModelSettings) -> None:
    """Raise ConfigError where `model.digest` pins some models of `model.uri` and others not."""
    if settings.digest and len(settings.digest) != len(settings.uri):
        raise ConfigError(
            f"model.digest has {len(settings.digest)} digests for {len(settings.uri)} models of model.uri: name one for"
            " each, in the same order"
        )


def refuse_other(model: ModelFolder, digest: str) -> None:
    """Raise ConfigError, naming both, for a `model` of another digest than `digest`, which `model.digest` wants."""
    if model.digest != digest:
        raise ConfigError(
            f"model.digest={digest}, and model {model.name} in {model.path} has digest {model.digest}: name the model"
            " that was approved, or its digest"
        )


def on_this_node(model: ModelFolder, check: Check = verify_files) -> ModelFolder:
    """Return `model` with its files on this node, checked against its manifest by `check`; fetched where need be.

    Of several processes one fetches and the others wait. A copy that is damaged is fetched anew, once. Raises
    InputError when the files on S3 are not those of the manifest, RadrayError when they cannot be had or written.
    """
    if not isinstance(model, StoredModel):
        return model
    here = replace(model, path=_cached(model.manifest))
    with exclusive(f"model {here.path}"):
        if (here.path / MANIFEST).is_file():
            try:
                check(here.path, model.manifest)
            except InputError:
                shutil.rmtree(here.path)
            else:
                return here
        _fetch(here)
    check(here.path, model.manifest)
    return here


def put_model(folder: Path, uri: str, storage: Storage) -> None:
    """Upload the model folder `folder`, which has a manifest, to `uri` (``s3://``), the manifest last.

    A model that is there is none any more from the first file on; the same model is left as it is. Raises RadrayError;
    then what is there is no model, and the same call again makes it one.
    """
    uri = absolute_uri(uri)
    manifest = read_manifest(folder)
    place = f"{uri}/{MANIFEST}"
    with suppress(MissingFile):
        if storage.read(place) == manifest.to_json():
            return
        storage.remove_object(place)
    for name in manifest.files:
        storage.upload(folder / name, f"{uri}/{name}")
    storage.write(place, manifest.to_json())


def local_copy(uri: str) -> Path:
    """Return the folder in which a fine-tuning writes the model that it uploads to `uri` (``s3://``), and leaves it."""
    return Path("out").resolve() / absolute_uri(uri).rsplit("/", 1)[-1]


def untrained_folder(folder: Path) -> Path:
    """Return the folder, beside that of a model, of the one that ``model.init=tiny`` had it start from."""
    return folder.with_name(f"{folder.name}-untrained")


def _cached(manifest: Manifest) -> Path:
    return cache_folder("models") / manifest.digest


def _fetch(model: StoredModel) -> None:
    """Fetch `model` into its folder on this node: whole, or not at all."""
    place = model.path.parent
    try:
        place.mkdir(parents=True, exist_ok=True)
        remove_abandoned(place)
        with whole_folder(model.path, replace=False) as folder:
            for name in model.manifest.files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                _fetch_file(model, name, folder / name)
            store_manifest(folder, model.manifest)
    except OSError as error:
        if isinstance(error, RadrayError):
            raise
        raise RadrayError(
            f"model {model.uri} cannot be fetched into {place}: {error.strerror}; make room, or set XDG_CACHE_HOME"
        ) from None


def _fetch_file(model: StoredModel, name: str, file: Path) -> None:
    for _ in range(_TRIES):
        try:
            model.storage.download(f"{model.uri}/{name}", file)
        except MissingFile:
            break
        if hash_file(file) == model.manifest.files[name]:
            return
    raise InputError(
        f"model {model.uri}: {name} is not the file that its {MANIFEST} lists; it is being replaced now, or damaged:"
        " upload the model again"
    )
