"""What the end-to-end tests work on: a small synthetic corpus with canaries, a tiny model, settings."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from radray.models.families.causal.tiny import build_tiny_causal
from radray.models.families.t5.tiny import build_tiny
from radray.models.manifest import write_manifest
from radray.reports.synthetic.studies import SyntheticStudy, make_studies, write_zip
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.settings.root import Settings
from radray.tasks.registry import find_prompt

CANARY = "zqxjkcanary"
"""A word that no report has; each planted study holds it in background, findings and impression."""

TINY = [f"model.tiny.{s}" for s in ("vocab_size=400", "d_model=32", "d_ff=64", "num_layers=1", "num_heads=2")]
"""Settings of the smallest model that learns something."""

PROMPT = find_prompt("background-findings-v1").prompt


def planted(study: SyntheticStudy) -> str:
    """Return the study's report with the canary in three sections."""
    text = study.text
    for heading in ("COMPARISON:", "FINDINGS:", "IMPRESSION:"):
        text = text.replace(heading, f"{heading}  {CANARY} seen.", 1)
    return text


def write_corpus(file: Path, count: int, seed: int = 3) -> list[SyntheticStudy]:
    """Write `count` studies, every tenth with canaries, and three members that are no usable reports."""
    studies = list(make_studies(count, seed))
    buffer = io.BytesIO()
    write_zip(studies, buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(file, "w") as target:
        for place, study in enumerate(studies):
            text = planted(study) if place % 10 == 0 else source.read(study.path).decode()
            target.writestr(study.path, text)
        target.writestr("files/p10/p10999999/s59999991.txt", f" IMPRESSION: {CANARY}, and no findings.\n")
        target.writestr("files/p10/p10999999/s59999992.txt", f"FINDINGS: \x00{CANARY}")
        target.writestr("files/index.html", f"<p>{CANARY}</p>")
    return studies


def tiny_model(folder: Path, texts: Sequence[str]) -> Path:
    """Build an untrained tiny model with a manifest."""
    size = TinySettings(vocab_size=400, d_model=16, d_ff=32, num_layers=1, num_heads=2)
    build_tiny(texts, folder, size=size, seed=1)
    write_manifest(folder, folder.name, {"base": {"name": "tiny"}})
    return folder


def tiny_causal_model(folder: Path, texts: Sequence[str], **provenance: str) -> Path:
    """Build an untrained tiny causal model whose manifest has `provenance`."""
    size = TinySettings(vocab_size=400, d_model=16, d_ff=32, num_layers=1, num_heads=2)
    build_tiny_causal(texts, folder, size=size, seed=1)
    write_manifest(folder, folder.name, {"base": {"name": "tiny-causal"}, **provenance})
    return folder


def settings_for(folder: Path, *overrides: str) -> Settings:
    """Return settings that keep all in `folder`; the corpus is ``corpus.zip`` there."""
    return load_settings(
        (),
        [
            f"warehouse.uri={folder}/warehouse",
            "source.dataset=synthetic",
            f"model.out={folder}/model",
            "generate.max_new_tokens=12",
            *overrides,
        ],
    )
