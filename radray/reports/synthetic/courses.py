"""Synthetic patients with a known course: ``python -m radray.reports.synthetic.courses [PATIENTS] > FILE``.

FILE is a source of `jobs.prepare` (``source.format=jsonl``) with the studies of so many patients (200), a line each.
Each report is written from what the patient has, and the change is known.

Only for the task `change`, of which no public reports have right answers. What a model makes of these says nothing
about real reports: the phrases are few and ours. Half of the sentences say a comparison, the others a severity, so that
the change is only seen beside the report before.
"""

import datetime
import json
import random
import sys
from collections.abc import Iterator, Mapping
from typing import Any

CONCEPTS = ("pleural_effusion", "pneumothorax", "consolidation", "edema", "atelectasis", "nodule", "cardiomegaly")
"""Concepts that have a course, in the order in which an answer lists them."""
STATES = ("new", "gone", "better", "worse", "unchanged")
COURSE = "course:"
"""What the codes of a report with a known course begin with: ``course:nodule=new,edema=worse``; none: no change."""

_SEVERITIES = ("", "small", "moderate", "large")
_FINE = {
    "pleural_effusion": "The costophrenic angles are sharp.",
    "pneumothorax": "Both lungs are expanded.",
    "consolidation": "The lungs are aerated.",
    "edema": "The vessels are sharp.",
    "nodule": "No focal lesion is seen.",
}
_COMPARED = {
    "new": ("There is a new {severity} {name}.",),
    "gone": ("The {name} has resolved.", "The {name} is no longer seen."),
    "better": ("The {name} has decreased.", "The {name} has improved and is {severity}."),
    "worse": ("The {name} has increased.", "The {name} is worse and is {severity}."),
    "unchanged": ("The {name} is unchanged.", "There is a stable {severity} {name}."),
}
_PLAIN = ("There is a {severity} {name}.", "A {severity} {name} is present.")


def make_patients(count: int, seed: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the studies of `count` patients, two to four of each, in the form of jsonl sources; none: nothing.

    The same seed makes the same patients, and more of them begin with the same.
    """
    for number in range(count):
        draw = random.Random(f"{seed}:{number}")
        severities = {name: draw.choice((1, 2, 3)) for name in CONCEPTS if draw.random() < 0.3}
        first = datetime.date(2030, 1, 1) + datetime.timedelta(days=draw.randrange(300))
        studies = [_study(draw, number, 0, first, {}, severities)]
        for place in range(1, draw.randint(2, 4)):
            before, severities = severities, _later(draw, severities)
            first += datetime.timedelta(days=draw.randint(1, 20))
            studies.append(_study(draw, number, place, first, before, severities))
        yield studies


def change_of(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, str]:
    """Return the state of each concept that the patient had or has, by severity before and after."""
    changes = {}
    for name in CONCEPTS:
        was, now = before.get(name, 0), after.get(name, 0)
        if was or now:
            grown = "unchanged" if was == now else "worse" if now > was else "better"
            changes[name] = "new" if not was else "gone" if not now else grown
    return changes


def _later(draw: random.Random, before: Mapping[str, int]) -> dict[str, int]:
    after = {name: max(0, min(3, severity + draw.choice((-1, -1, 0, 1)))) for name, severity in before.items()}
    after |= {name: draw.choice((1, 2)) for name in CONCEPTS if name not in before and draw.random() < 0.12}
    return {name: severity for name, severity in after.items() if severity}


def _study(
    draw: random.Random,
    patient: int,
    place: int,
    date: datetime.date,
    before: Mapping[str, int],
    after: Mapping[str, int],
) -> dict[str, Any]:
    changes = change_of(before, after)
    sentences = []
    for name in CONCEPTS:
        state = changes.get(name)
        compared = place > 0 and state is not None and draw.random() < 0.5
        if name in after:
            forms = _COMPARED[str(state)] if compared else _PLAIN
        elif compared:
            forms = _COMPARED["gone"]
        elif name in _FINE and draw.random() < 0.7:
            forms = (_FINE[name],)
        else:
            continue
        words = {"severity": _SEVERITIES[after.get(name, 0)], "name": name.replace("_", " ")}
        sentences.append(draw.choice(forms).format(**words))
    draw.shuffle(sentences)
    impression = "; ".join(name.replace("_", " ") for name in after)
    return {
        "study_id": f"{20000000 + 10 * patient + place}",
        "subject_id": f"{10000000 + patient}",
        "exam_time": f"{date.isoformat()}T08:00:00",
        "findings": " ".join(sentences) or "The heart and the lungs are as expected.",
        "impression": impression.capitalize() + "." if impression else "No acute abnormality.",
        "human_codes": COURSE + ",".join(f"{name}={state}" for name, state in changes.items()) if place else "",
    }


def main() -> None:
    """Print the studies of the patients that the command line counts, as JSON lines, the same each time."""
    count = int(next(iter(sys.argv[1:]), "200"))
    for studies in make_patients(count, seed=1):
        sys.stdout.writelines(f"{json.dumps(study)}\n" for study in studies)


if __name__ == "__main__":
    main()
