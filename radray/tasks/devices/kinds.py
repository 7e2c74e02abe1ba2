"""The kinds of devices, and which people's codes tell apart."""

from radray.tasks.codes import meets

TUBE, LINE, DEVICE = "tube", "line", "device"
"""Groups of kinds, each also a kind itself: one that is not named any closer."""
GROUP_OF = {
    **dict.fromkeys(("endotracheal_tube", "tracheostomy_tube", "enteric_tube", "chest_tube"), TUBE),
    "central_line": LINE,
    **dict.fromkeys(("cardiac_device", "circulatory_support", "prosthetic_valve", "external_leads"), DEVICE),
}
"""Group by kind."""
CODED = (
    *("tube", "line", "device", "stent", "surgical_clips", "orthopedic_hardware", "breast_implant", "foreign_body"),
)
"""Groups, and kinds of no group, that people coded; they never coded the wires of a sternotomy."""
KINDS = (*GROUP_OF, "sternotomy_wires", *CODED)
"""Kinds in the order in which an answer lists them: ids of concepts, and groups."""

_CODES = (
    # the first that a code meets; an implant of a bone is hardware
    ("implanted medical device/humerus", "orthopedic_hardware"),
    ("implanted medical device/shoulder", "orthopedic_hardware"),
    ("implanted medical device/cervical vertebrae", "orthopedic_hardware"),
    ("implanted medical device", DEVICE),
    ("medical device", DEVICE),
    ("catheters, indwelling", LINE),
    ("tube, inserted", TUBE),
    ("surgical instruments", "surgical_clips"),
    ("sutures", "surgical_clips"),
    ("stents", "stent"),
    ("spinal fusion", "orthopedic_hardware"),
    ("breast implants", "breast_implant"),
    ("foreign bodies", "foreign_body"),
)


def kind_of_code(code: frozenset[str]) -> str | None:
    """Return the kind or group that a parsed code stands for; None for one of no device."""
    return next((kind for wanted, kind in _CODES if meets((code,), wanted)), None)


def group_of(kind: str) -> str | None:
    """Return what people's codes have for `kind`; None where they have nothing."""
    group = GROUP_OF.get(kind, kind)
    return group if group in CODED else None
