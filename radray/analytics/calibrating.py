"""`evaluate.calibrate`: the calibration of a model's predictions, computed and written as one file."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from radray.errors import ConfigError
from radray.evaluation.deferral.calibration import Calibration, calibrate
from radray.models.manifest import MANIFEST
from radray.settings.root import Settings
from radray.storage.failures import MissingFile
from radray.storage.files import Storage, absolute_uri, is_s3
from radray.tables.runs import note_outcome

FOLDER = ".calibration"
"""Folder of a model folder with its calibrations: no part of the model, as all that starts with a dot."""


def write_calibration(
    rows: Sequence[Mapping[str, Any]], settings: Settings, storage: Storage, report: Callable[[str], None]
) -> Calibration | None:
    """Compute the calibration of `rows`, predictions, as `settings` ask, write it, and return it.

    `report` is called with each sentence on it. None where none is asked for. Raises InputError as `calibrate`,
    ConfigError where there is no place for it, RadrayError where it cannot be written.
    """
    options = settings.evaluate
    if options.calibrate is None:
        return None
    alphas = {str(risk): alpha for risk, alpha in options.calibrate_alpha.items()}
    calibration = calibrate(rows, options.calibrate, alphas, options.calibrate_delta)
    place = options.calibration_out or beside_model(settings, calibration, storage)
    storage.write(absolute_uri(place), calibration.to_json())
    note_outcome(f"calibration {calibration.digest}")
    for sentence in (*calibration.sentences(), place):
        report(f"evaluate: calibration: {sentence}")
    return calibration


def describe_calibration(settings: Settings) -> list[str]:
    """Return in a line what would be written; [] for nothing. Raises ConfigError where no place is named."""
    confidence = settings.evaluate.calibrate
    return [] if confidence is None else [f"write {calibration_place(settings)}: the calibration of {confidence}"]


def calibration_place(settings: Settings) -> str:
    """Return in words where the calibration is written. Raises ConfigError where no place is named."""
    if settings.evaluate.calibration_out is not None:
        return settings.evaluate.calibration_out
    if len(settings.model.uri) != 1:
        raise ConfigError(
            f"evaluate.calibrate writes beside the model, and model.uri names {len(settings.model.uri)} models:"
            " name the one that wrote the predictions, or set evaluate.calibration_out=FILE"
        )
    (uri,) = settings.model.uri
    if not is_s3(uri) and not Path(uri).expanduser().is_dir():
        raise ConfigError(
            f"evaluate.calibrate writes beside the model, and model.uri={uri} is no folder: set"
            " evaluate.calibration_out=FILE"
        )
    return f"{absolute_uri(uri)}/{FOLDER}"


def beside_model(settings: Settings, calibration: Calibration, storage: Storage) -> str:
    """Return the place of `calibration` in the folder of its model. Raises ConfigError as `calibration_place`.

    Raises ConfigError, too, where the folder's model is another.
    """
    folder = calibration_place(settings)
    model, here = calibration.bound_to["model_digest"], None
    with suppress(MissingFile):  # a plain folder of Hugging Face: generation computes its digest
        here = hashlib.sha256(storage.read(f"{folder.removesuffix(FOLDER)}{MANIFEST}")).hexdigest()
    if here not in (model, None):
        raise ConfigError(
            f"the predictions are of model {model[:12]}, and model.uri={settings.model.uri[0]} is model {here[:12]}:"
            " name the one that wrote the predictions, or set evaluate.calibration_out=FILE"
        )
    return f"{folder}/{calibration.bound_to['dataset']}-{calibration.confidence}-{calibration.digest[:12]}.json"
