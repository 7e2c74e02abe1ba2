"""Planting of omissions: the impression loses a finding that the findings assert."""

from random import Random

from radray.tasks.correction.planting.attributes import Planted, concluding, planted, shuffled
from radray.tasks.correction.planting.statements import Report, sentences, statements_of

_REPORTABLE = (
    *("effusion", "pneumothorax", "consolidation", "edema", "rib_fracture", "opacity", "nodule", "mass"),
    *("compression", "aneurysm", "free_air", "adenopathy"),
)
"""Not cardiomegaly, scoliosis and the like, which radiologists often leave out themselves."""
_NORMAL = (
    *("No acute cardiopulmonary abnormality.", "No acute disease.", "No acute cardiopulmonary disease."),
    *("No acute findings.", "No acute cardiopulmonary process.", "No acute abnormality."),
)


def omission(draw: Random, report: Report) -> Planted | None:
    """Leave out a conclusion that the findings assert; an impression of which nothing is left reads normal."""
    for name in shuffled(draw, _REPORTABLE):
        statements, concluded = statements_of(name, report.findings), concluding(name, report)
        if not concluded or not any(statement.state == "present" for statement in statements):
            continue
        if any(statement.state == "absent" for statement in (*statements, *concluded)):
            continue
        dropped = {statement.sentence for statement in concluded}
        kept = [sentence for sentence in sentences(report.impression) if sentence not in dropped]
        way = "left out" if kept else "normal in its place"
        return planted("omission", way, " ".join(kept) or draw.choice(_NORMAL), report)
    return None
