"""A simulated accelerator: FLAN-T5 XL on an A10G of 24 GB, in which an impression takes its time and no CPU.

Stated speed, from the card (24 GB, 600 GB/s, 70 TFLOPS in bf16:
https://www.baseten.co/blog/nvidia-a10-vs-a10g-for-ml-model-inference/) and the model's shape (1.22 billion parameters
in the encoder, 1.63 billion in decoder and output layer), at 40 % of the peak compute and 55 % of the peak bandwidth,
an assumption of what such kernels reach:

- input: 2 x 1.22e9 operations a token, padding included: 11,500 tokens/s;
- a step of the decoder: the larger of reading its 3.3 GB once (10 ms), and 2 x 1.63e9 operations a beam and row.

A batch of 32 reports of 150 tokens at beam 4 that writes 40 takes 1.0 s: about 32 reports/s. No card was measured.
"""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from radray.models.batching import length_batches
from radray.models.engines.engine import Generation, Hypothesis
from radray.models.folder import ModelFolder
from radray.models.manifest import Manifest
from radray.pipelines.stage import Stage
from radray.pipelines.write_impressions import answered
from radray.settings.generate import GenerateSettings
from radray.tasks.impression.task import IMPRESSION
from radray.tasks.registry import Asked

INPUT_TOKENS_A_S = 0.4 * 70e12 / (2 * 1.22e9)
STEP_S = 2 * 1.63e9 / (0.55 * 600e9)
BEAM_STEP_S = 2 * 1.63e9 / (0.4 * 70e12)
TOKENS_A_WORD = 1.3
TEXT = "Small left pleural effusion. No pneumothorax."


def simulated_model(journal: Path, times: float) -> ModelFolder:
    """Return what stands for the model: an accelerator `times` as fast as stated, and a folder for its journal."""
    return ModelFolder("simulated", journal, Manifest("simulated", {}, {"times": times}), "0" * 64)


class SimulatedEngine:
    """Sleeps as long as the accelerator would compute, `times` as fast, and writes the same sentence."""

    def __init__(self, settings: GenerateSettings, times: float) -> None:
        self._settings = settings
        self._times = times
        self.busy_s = 0.0

    def generate(self, prompts: Sequence[str]) -> list[Generation]:
        """Return a generation a prompt, after the time of its batches."""
        widths = [
            min(self._settings.max_input_tokens, int(prompt.count(" ") * TOKENS_A_WORD) + 2) for prompt in prompts
        ]
        steps = [16 + hashlib.sha256(prompt.encode()).digest()[0] % 32 for prompt in prompts]
        for batch in length_batches(widths, self._settings.batch_size, self._settings.batch_tokens):
            rows = len(batch)
            took = rows * max(widths[i] for i in batch) / INPUT_TOKENS_A_S
            took += max(steps[i] for i in batch) * max(STEP_S, rows * self._settings.num_beams * BEAM_STEP_S)
            self.busy_s += took / self._times
            time.sleep(took / self._times)
        hypotheses = (Hypothesis(TEXT, -0.1), Hypothesis(TEXT, -0.2))
        return [
            Generation(hypotheses, width, step, False, False, -0.1) for width, step in zip(widths, steps, strict=True)
        ]


class SimulatedImpressions(Stage):
    """Stands in for WriteImpressions; `simulated_model` says where its journal is and how fast the accelerator.

    Each block is a line of the journal of its actor: when it began and ended (one clock, one machine), seconds busy,
    reports. How many reports each had stands in another when it begins.
    """

    reads = ("unit_id", "findings", "background")
    keeps_rows = True

    def __init__(self, model: ModelFolder, asked: Asked, settings: GenerateSettings, *_: object) -> None:
        """Open the journal."""
        self._prompt = asked.prompt
        self._engine = SimulatedEngine(settings, float(model.manifest.provenance["times"]))
        self._journal = (model.path / f"{os.getpid()}.jsonl").open("w", buffering=1)
        self._begun = (model.path / f"{os.getpid()}.begun").open("w", buffering=1)

    def run(self, batch: pa.Table) -> pa.Table:
        """Return `batch` with what the accelerator wrote."""
        self._begun.write(f"{batch.num_rows}\n")
        began, before = time.time(), self._engine.busy_s
        columns = (batch.column(name).to_pylist() for name in ("findings", "background"))
        prompts = [self._prompt.fill(findings, background) for findings, background in zip(*columns, strict=True)]
        answers = answered(batch, self._engine.generate(prompts), IMPRESSION)
        line = [began, time.time(), self._engine.busy_s - before, batch.num_rows]
        self._journal.write(json.dumps(line) + "\n")
        return answers
