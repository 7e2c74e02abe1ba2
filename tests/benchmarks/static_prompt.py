"""What computing the exemplars once is worth: ``python -m tests.benchmarks.static_prompt MODEL [reports [pairs]]``.

MODEL is a causal model, such as ``smollm2``, under pairs-sections-v1 with the first PAIRS (3) pairs of
``$RADRAY_DATA/openi`` before each of the REPORTS (16) after them; CTranslate2 in float32, one thread, greedy, at most
32 tokens. With and without a static prompt take turns, twice. Printed: tokens, processor-seconds a report, their ratio,
and whether texts and scores are equal. The last line is JSON.
"""

import json
import statistics
import sys
import time

from radray.language.exemplar_marks import unmark
from radray.models.engines.engine import Generation
from radray.models.engines.opening import open_engine
from radray.models.engines.parity import compare
from radray.models.exemplars import FixedExemplar
from radray.models.families.registry import open_family
from radray.models.folder import open_model
from radray.settings.generate import GenerateSettings
from radray.tasks.registry import find_prompt
from tests.benchmarks.openi_folds import read_reports
from tests.benchmarks.trained_model import say

ROUNDS = 2
SEARCH = GenerateSettings(
    engine="ctranslate2",
    num_beams=1,
    num_return_sequences=1,
    max_new_tokens=32,
    max_input_tokens=2048,
    threads_per_actor=1,
)


def main() -> int:
    """Time both ways in turn and print what they write."""
    count, pairs = (int(word) for word in (sys.argv[2:4] + ["16", "3"][len(sys.argv[2:4]) :]))
    model = open_model(sys.argv[1])
    reports = read_reports()
    picked = [FixedExemplar(str(n), None, its.findings, its.reference) for n, its in enumerate(reports[:pairs])]
    asked = find_prompt("pairs-sections-v1").showing(picked, model.name, {})
    rows = [{"findings": its.findings, "background": its.background} for its in reports[pairs : pairs + count]]
    marked = [asked.fill(row) for row in rows]
    ways = {"static prompt": marked, "without": [unmark(prompt).text for prompt in marked]}
    family = open_family(model.path)
    encoded = family.encode_prompts(family.load_tokenizer(model.path), marked, chat=False)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    written: dict[str, list[Generation]] = {}
    for _ in range(ROUNDS):
        for name, prompts in ways.items():
            engine = open_engine(model, SEARCH)
            engine.generate(prompts[:1])
            used = time.process_time()
            written[name] = engine.generate(prompts)
            seconds[name].append((time.process_time() - used) / count)
            say(f"  {name:14} {seconds[name][-1]:.2f} processor-s a report")
    held = compare(written["static prompt"], written["without"])
    ratios = [slow / fast for slow, fast in zip(seconds["without"], seconds["static prompt"], strict=True)]
    figures = {
        "model": model.name,
        "reports": count,
        "tokens": round(statistics.mean(len(prompt.ids) for prompt in encoded)),
        "of_them_alike": encoded[0].alike,
        "new_tokens": round(statistics.mean(its.output_tokens for its in written["without"]), 1),
        "processor_s": {name: round(statistics.median(of_way), 2) for name, of_way in seconds.items()},
        "ratio": round(statistics.median(ratios), 2),
        "equal": held.equal,
        "largest_score_difference": held.max_score_difference,
    }
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
