"""FLAN-T5 XL's size on this machine: ``python -m tests.benchmarks.flan_t5_xl FOLDER [reports]``.

A T5 v1.1 XL (2.85 billion parameters, output layer of its own) with random weights, stored in bfloat16, and a small
tokenizer of its own are written to FOLDER (6 GB, 9 GB with the conversion; removed at the end). It is converted to
int8 by radray's own code, and writes for 20 synthetic reports with beam 4 in the engine's child process, as in a run;
transformers in bfloat16 does the same for the first few. Random weights end no sentence: every output has
MAX_NEW_TOKENS, so times are those of the longest outputs. Each part runs in a process of its own, whose peak memory is
printed, and which is killed when the machine has less than LEFT bytes left or LIMIT_S are over. Prints each
part and, as the last line, JSON.
"""

import json
import resource
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, cast

import psutil
import torch
from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

from radray.models.engines.conversion import ensure_converted
from radray.models.engines.engine import Failed, engine_name
from radray.models.engines.isolation.process import EngineProcess
from radray.models.engines.opening import open_engine
from radray.models.families.loading import load_tokenizer
from radray.models.families.t5.saving import save_model
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import open_model
from radray.reports.synthetic.studies import make_studies
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings
from radray.tasks.registry import find_prompt
from tests.benchmarks.trained_model import say

# https://huggingface.co/google/flan-t5-xl/blob/main/config.json
XL = {
    **{"vocab_size": 32_128, "d_model": 2_048, "d_kv": 64, "d_ff": 5_120, "num_layers": 24, "num_decoder_layers": 24},
    **{"num_heads": 32, "feed_forward_proj": "gated-gelu", "dropout_rate": 0.0, "tie_word_embeddings": False},
    "decoder_start_token_id": 0,
}
MAX_NEW_TOKENS = 32
REFERENCE_REPORTS = 2
LEFT = 1_500_000_000
LIMIT_S = 900
THREADS = 2


def prompts(count: int) -> list[str]:
    """Return the prompts of `count` synthetic reports: the whole text, about as long as real findings."""
    prompt = find_prompt("background-findings-v1").prompt
    return [prompt.fill(study.text, None) for study in make_studies(count, 5)]


def random_t5(config: dict[str, Any]) -> T5ForConditionalGeneration:
    """Return a T5 of `config` in bfloat16; no two weights of a layer are equal, none so large that sums overflow."""
    with torch.device("meta"):
        model = T5ForConditionalGeneration(T5Config.from_dict(dict(config)))
    # tied by transformers when built from a config, whatever it says
    model.lm_head.weight = torch.nn.Parameter(torch.empty(config["vocab_size"], config["d_model"], device="meta"))
    model.all_tied_weights_keys.pop("lm_head.weight", None)
    model = cast(Any, model).to(torch.bfloat16).to_empty(device="cpu")
    # to_empty gives each of them an embedding of its own
    model.encoder.embed_tokens = model.decoder.embed_tokens = model.shared
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "layer_norm" in name:
                weights.fill_(1.0)
            else:
                weights.normal_(0.0, 1.0 if name == "shared.weight" else weights.shape[-1] ** -0.5)
    model.generation_config = GenerationConfig(pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    return model


def build(folder: Path) -> dict[str, Any]:
    """Write the model to `folder`."""
    tiny = folder.with_name(f"{folder.name}-tiny")
    build_tiny(prompts(200), tiny, size=TinySettings(vocab_size=2_000, d_model=16, d_ff=16, num_layers=1), seed=1)
    tokenizer = load_tokenizer(tiny)
    shutil.rmtree(tiny)
    model = random_t5(XL)
    save_model(model, tokenizer, folder)
    return {"parameters": sum(weights.numel() for weights in model.parameters())}  # 2,849,757,184


def convert(folder: Path) -> dict[str, Any]:
    """Convert the model of `folder` to int8."""
    start = time.perf_counter()
    copy = ensure_converted(open_model(str(folder)), "int8")
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "gigabytes": round(sum(entry.bytes for entry in copy.manifest.files.values()) / 1e9, 2),
    }


def write(folder: Path, reports: int, **settings: Any) -> dict[str, Any]:
    """Write for `reports` reports in the engine's child process; the time to load it and to write, and its peak."""
    generate = GenerateSettings(
        num_beams=4, num_return_sequences=1, max_new_tokens=MAX_NEW_TOKENS, threads_per_actor=THREADS, **settings
    )
    model = open_model(str(folder), verify=False)
    texts = prompts(reports)
    start = time.perf_counter()
    engine = EngineProcess(partial(open_engine, model, generate), engine_name(generate), generate, texts[0])
    loaded = time.perf_counter()
    answers = engine.generate(texts)
    written = time.perf_counter()
    status = Path(f"/proc/{engine.pid}/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    engine.close()
    generations = [answer for answer in answers if not isinstance(answer, Failed)]
    return {
        "reports": reports,
        "failed": len(answers) - len(generations),
        "input_tokens": sum(generation.input_tokens for generation in generations),
        "output_tokens": sum(generation.output_tokens for generation in generations),
        "load_and_probe_s": round(loaded - start, 1),
        "seconds_a_report": round((written - loaded) / reports, 2),
        "child_peak_gb": round(peak / 1e9, 2),
        "restarts": engine.restarts,
    }


def part(name: str, folder: Path, reports: int) -> None:
    """Do one part in this process and print its figures."""
    if name == "build":
        result = build(folder)
    elif name == "convert":
        result = convert(folder)
    elif name == "int8":
        result = write(folder, reports, engine="ctranslate2", compute_type="int8")
    else:
        result = write(folder, REFERENCE_REPORTS, engine="transformers", compute_type="bfloat16")
    result["own_peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    say(json.dumps(result))


def in_process(name: str, folder: Path, reports: int) -> dict[str, Any]:
    """Run a part in a process of its own; one that leaves the machine without memory is killed, and that is printed."""
    command = [sys.executable, "-m", "tests.benchmarks.flan_t5_xl", str(folder), str(reports), name]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        least = psutil.virtual_memory().available
        while process.poll() is None:
            least = min(least, psutil.virtual_memory().available)
            why = f"less than {LEFT / 1e9} GB were left" if least < LEFT else ""
            if why or time.monotonic() - began > LIMIT_S:
                for child in [*psutil.Process(process.pid).children(recursive=True), process]:
                    child.kill()
                return {"killed": why or f"took longer than {LIMIT_S} s"}
            time.sleep(0.1)
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        return {"failed": process.returncode}
    return {**json.loads(output.splitlines()[-1]), "least_left_gb": round(least / 1e9, 2)}


def main() -> int:
    """Run all parts, print them, and remove what was written."""
    folder = Path(sys.argv[1]).resolve() / "model"
    reports = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    if len(sys.argv) > 3:
        part(sys.argv[3], folder, reports)
        return 0
    figures: dict[str, Any] = {"max_new_tokens": MAX_NEW_TOKENS, "num_beams": 4, "threads": THREADS}
    try:
        for name in ("build", "convert", "int8", "reference"):
            figures[name] = in_process(name, folder, reports)
            say(f"{name:10} {figures[name]}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(json.dumps(figures))
    return int(
        any(
            "failed" in part_figures and part_figures.get("failed")
            for part_figures in figures.values()
            if isinstance(part_figures, dict)
        )
    )


if __name__ == "__main__":
    sys.exit(main())
