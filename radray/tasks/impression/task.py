"""The first task: the impression from the findings."""

from radray.tasks.decoding import impression_settings
from radray.tasks.impression.floors import FLOORS
from radray.tasks.impression.prompts import DEFAULTS, PROMPTS
from radray.tasks.impression.scores import faults, score
from radray.tasks.impression.targets import make_targets
from radray.tasks.task import ImpressionTask


def parse(text: str) -> str | None:
    """Return the impression that a model wrote: all of its text. No text: None."""
    return text or None


IMPRESSION = ImpressionTask(
    id="impression",
    reads=("findings", "background"),
    prompts=PROMPTS,
    defaults=DEFAULTS,
    probe={"findings": "The lungs are clear. No pleural effusion or pneumothorax.", "background": None},
    make_targets=make_targets,
    parse=parse,
    score=score,
    faults=faults,
    floors=FLOORS,
    decode=impression_settings,
)
"""Writing the impression from findings and background."""
