"""Where a fine-tuning puts what it writes: the model, the untrained model, the checkpoints."""

from pathlib import Path

from radray.errors import ConfigError
from radray.models import store
from radray.models.manifest import MANIFEST
from radray.settings.root import Settings
from radray.storage.files import Storage, absolute_uri, is_s3
from radray.training.checkpoints.uploads import Uploads


def out_folder(settings: Settings) -> Path:
    """Return the local folder of the fine-tuned model; where `model.out` is on S3, ``out/<its last name>``."""
    out = settings.model.out
    if is_s3(out):
        return store.local_copy(out)
    return Path(out).expanduser().resolve()


def untrained_folder(settings: Settings) -> Path:
    """Return the folder, beside `model.out`, of the model that ``model.init=tiny`` starts from."""
    return store.untrained_folder(out_folder(settings))


def checkpoint_place(settings: Settings, storage: Storage, key: str) -> tuple[Path, Uploads | None]:
    """Return the folder of the checkpoints of the run `key`, and where they are uploaded to, if anywhere.

    A run with the same key finds them: after a crash it resumes from them.
    """
    uri, out = settings.train.checkpoint_uri, out_folder(settings)
    beside = out.with_name(f"{out.name}-checkpoints") / key[:16]
    if uri is None:
        return beside, None
    if is_s3(uri):
        return beside, Uploads(storage, f"{absolute_uri(uri)}/{key[:16]}")
    return Path(absolute_uri(uri)) / key[:16], None


def refuse_other_than_model(settings: Settings) -> None:
    """Raise ConfigError where a folder that would be replaced holds something else than a model with a manifest."""
    for folder in (out_folder(settings), untrained_folder(settings)):
        if folder.exists() and not (folder / MANIFEST).is_file() and (folder.is_file() or any(folder.iterdir())):
            raise ConfigError(
                f"model.out={settings.model.out}: {folder} exists and is not a model folder; it would be replaced:"
                " name another folder"
            )


def refuse_missing_bucket(settings: Settings, storage: Storage) -> None:
    """Raise RadrayError now, and not after hours of training, where `model.out` is on an S3 that cannot be listed."""
    if is_s3(settings.model.out):
        storage.list_files(settings.model.out)
