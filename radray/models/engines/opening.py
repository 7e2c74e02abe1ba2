"""Open the engine that a run resolved to, with the model checked first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radray.models.engines.engine import Engine
from radray.models.folder import ModelFolder
from radray.models.manifest import Check, verify_files
from radray.models.verified import CheckedFiles
from radray.settings.generate import GenerateSettings

if TYPE_CHECKING:
    from radray.models.engines.beam_search import BeamEngine


def open_engine(
    model: ModelFolder,
    settings: GenerateSettings,
    converted: str | None = None,
    check: Check = verify_files,
    *,
    chat: bool = False,
) -> BeamEngine:
    """Load `model` with the engine that `settings` name.

    `converted` is the digest of the converted files that the parity run was made with, if any; `check` holds these
    files against their manifest. `chat`: prompts go through the tokenizer's chat template. Raises InputError for a
    model that cannot be loaded, or was converted to something else here; ConfigError for `auto` and for a compute type
    that the engine cannot do on this device.
    """
    # each engine is imported where it runs: torch alone takes seconds, and CTranslate2 does not need it
    if settings.engine == "ctranslate2":
        from radray.models.engines.ctranslate2_beam import CTranslate2Engine

        return CTranslate2Engine(model, settings, converted, check, chat=chat)
    from radray.models.engines.transformers_beam import TransformersEngine

    return TransformersEngine(model.path, settings, chat=chat)


def open_checked(
    model: ModelFolder, settings: GenerateSettings, converted: str | None, run: str, *, chat: bool = False
) -> Engine:
    """Load `model` as `open_engine` does, its files checked once a node and `run`, and no others loaded than these.

    Raises InputError, too, when a file is not that of its manifest, or was replaced while it was loaded.
    """
    checked = CheckedFiles(run)
    checked(model.path, model.manifest)
    engine = open_engine(model, settings, converted, checked, chat=chat)
    checked.refuse_changed()
    return engine
