"""Sentences that no report supports: communications, advice, comparisons, identifiers, masks, loops and cuts."""

from random import Random

_WHO = (
    *("the referring physician", "the ordering provider", "the emergency department team", "the ICU resident"),
    *("the charge nurse", "the surgical team", "the primary team", "the covering hospitalist", "the patient's nurse"),
    *("the on-call surgeon", "the attending physician", "the clinical team", "the house officer", "Dr. Okafor"),
)
_HOW = ("by telephone", "in person", "by secure message", "over the phone", "via the paging system", "verbally", "")
_WHEN = (
    *("at 14:20", "at 3:45 pm", "at the time of dictation", "immediately after the study", "this morning", ""),
    *("within 5 minutes of discovery", "at 0715 hours", "at the time of interpretation", "shortly after acquisition"),
)
_COMMUNICATIONS = (
    "Findings were discussed with {who} {how} {when}.",
    "These findings were communicated to {who} {how} {when}.",
    "{Who} was notified {how} {when}.",
    "{Who} was notified of the above {when}.",
    "Results were called to {who} {when}.",
    "{Who} was paged with these results {when}.",
    "This was discussed with {who} {how} {when}.",
    "{Who} was informed of the result {how} {when}.",
    "The above was relayed to {who} {how} {when}.",
    "The results were telephoned to {who} {when}.",
    "Critical result reported to {who} {when}.",
    "{Who} has been made aware of these findings {when}.",
    "I spoke with {who} {how} {when} about these findings.",
    "{Who} acknowledged receipt of these results {how} {when}.",
    "Discussed with {who} {how} {when}.",
    "Telephone call placed to {who} {when} with the result.",
)


def communication(draw: Random) -> str:
    """Return a sentence that says that somebody was informed."""
    who = draw.choice(_WHO)
    sentence = draw.choice(_COMMUNICATIONS).format(
        who=who, Who=who[0].upper() + who[1:], how=draw.choice(_HOW), when=draw.choice(_WHEN)
    )
    return " ".join(sentence.split()).replace(" .", ".")


_ACTIONS = (
    *("CT-guided biopsy", "CT of the chest with contrast", "bronchoscopy", "PET/CT", "MRI of the thoracic spine"),
    *("surgical consultation", "thoracentesis", "chest tube placement", "repeat chest CT in 3 months"),
    *("follow-up chest radiograph in 6 weeks", "tissue sampling", "echocardiography", "ultrasound of the abdomen"),
    *("high-resolution chest CT", "CT angiography of the chest", "cardiology referral", "bone scan", "mammography"),
    *("pulmonary consultation", "short-term follow-up imaging", "contrast-enhanced CT of the abdomen and pelvis"),
)
_RECOMMENDATIONS = (
    "{Action} is recommended.",
    "Recommend {action}.",
    "Recommend {action} for further evaluation.",
    "Further evaluation with {action} is recommended.",
    "{Action} is advised.",
    "{Action} should be obtained.",
    "We recommend {action}.",
    "Suggest {action}.",
    "{Action} is suggested for further characterization.",
    "The patient should undergo {action}.",
    "Recommendation: {action}.",
    "{Action} is warranted.",
    "Advise {action} without delay.",
)


def recommendation(draw: Random) -> str:
    """Return a sentence that recommends an action."""
    action = draw.choice(_ACTIONS)
    return draw.choice(_RECOMMENDATIONS).format(action=action, Action=action[0].upper() + action[1:])


_EARLIER = (
    *("the prior study", "the previous radiograph", "the prior examination", "the most recent exam", "yesterday"),
    *("the last study", "the earlier film", "the comparison study", "the prior CT", "prior exams", "the previous day"),
)
_PRIORS = (
    "No significant interval change.",
    "No interval change since {earlier}.",
    "Unchanged from {earlier}.",
    "Stable appearance of the chest compared to {earlier}.",
    "Compared to {earlier}, there is no change.",
    "Interval improvement since {earlier}.",
    "Improved aeration compared with {earlier}.",
    "Heart size is unchanged.",
    "The cardiac silhouette is stable.",
    "Stable chest.",
    "Appearance is not significantly changed from {earlier}.",
    "In comparison with {earlier}, the appearance is similar.",
    "Slight worsening since {earlier}.",
    "Interval resolution of the opacity seen on {earlier}.",
    "Previously seen opacity has resolved.",
    "The previously noted effusion is no longer seen.",
    "Findings are new since {earlier}.",
    "No new abnormality since {earlier}.",
    "Little change from {earlier}.",
    "Overall unchanged.",
    "Interval removal of the endotracheal tube.",
    "Lungs are clearer than on {earlier}.",
)


def prior(draw: Random) -> str:
    """Return a sentence that speaks of an earlier exam or of change."""
    return draw.choice(_PRIORS).format(earlier=draw.choice(_EARLIER))


_MONTHS = ("January", "March", "April", "June", "August", "October", "December")
_NAMES = ("Halloran", "Whitcombe", "Okafor", "Vasquez", "Lindqvist", "Petrov", "Nakamura", "Abernathy", "Osei", "Ruiz")


def with_identifier(draw: Random, text: str, identifiers: tuple[str, ...]) -> tuple[str, str]:
    """Return `text` with an identifier copied into it, and which kind; `identifiers` are the report's own ids."""
    month, day, year = draw.randint(1, 12), draw.randint(1, 28), draw.randint(1931, 2023)
    date = draw.choice(
        (
            f"{month:02d}/{day:02d}/{year}",
            f"{month}/{day}/{year % 100:02d}",
            f"{year}-{month:02d}-{day:02d}",
            f"{draw.choice(_MONTHS)} {day}, {year}",
            f"{day} {draw.choice(_MONTHS)[:3]} {year}",
        )
    )
    name = draw.choice(_NAMES)
    kind, sentence = draw.choice(
        (
            ("id", draw.choice(("Study {i}.", "{i}", "Patient {i}.", "Exam number {i}.", "Subject ID: {i}."))),
            ("id", draw.choice(("(study {i})", "Case {i}.", "Re: {i}.", "Study ID {i}."))),
            ("date", draw.choice(("Exam date {d}.", "{d}.", "Dictated on {d}.", "Examination of {d}.", "Signed {d}."))),
            ("birth", draw.choice(("DOB {d}.", "DOB: {d}.", "Date of birth: {d}.", "Patient born {d}."))),
            (
                "accession",
                draw.choice(("Accession number {a}.", "Accession: {a}.", "ACC# {a}.", "MRN {a}.", "MRN: {a}.")),
            ),
            ("phone", draw.choice(("Call {p} with questions.", "Tel. {p}.", "Phone: {p}.", "Contact: {p}."))),
            ("name", draw.choice(("Read by Dr. {n}.", "Dr. {n}.", "Mrs. {n}.", "Referred by Dr. {n}.", "{n}, MD."))),
            ("name", draw.choice(("Attending: Dr. {n}.", "Mr. {n}, as described.", "Reviewed with Prof. {n}."))),
        )
    )
    sentence = sentence.format(
        i=draw.choice(identifiers),
        d=date,
        a=draw.randint(1_000_000, 99_999_999),
        p=draw.choice((f"(555) 555-01{draw.randint(10, 99)}", f"555-201-01{draw.randint(10, 99)}")),
        n=name,
    )
    return (f"{sentence} {text}" if draw.random() < 0.4 else f"{text} {sentence}"), kind


_MASKS = ("___", "XXXX", "[**Hospital 14**]", "[**2101-3-4**]", "[**Last Name (un)**]", "____", "XXXXX", "[**Name**]")
_MASKED = (
    *("Compared with {m}.", "Reviewed by Dr. {m}.", "{m}", "Seen on {m}.", "Per {m}, as above.", "at {m} o'clock."),
    "{m} year old.",
)


def with_mask(draw: Random, text: str) -> str:
    """Return `text` with a mask in place of a word, between two, or in a sentence after it."""
    mask, words = draw.choice(_MASKS), text.split()
    place = draw.randrange(len(words))
    way = draw.random()
    if way < 0.35 and len(words) > 1:
        end = words[place][-1] if words[place][-1] in ".,;" else ""
        return " ".join([*words[:place], mask + end, *words[place + 1 :]])
    if way < 0.7:
        return " ".join([*words[:place], mask, *words[place:]])
    return f"{text} {draw.choice(_MASKED).format(m=mask)}"


_HANGING = ("and", "with", "of the", "in the", "which is", "there is", "and the", "likely due to", "as well as", "or")
_JUNK = (
    *(
        "",
        " ",
        ".",
        "...",
        "\n",
        "- - -",
        "1.",
        "1. 2. 3.",
        "?",
        ". . .",
        "***",
        "<extra_id_0>",
        "<pad> <pad>",
        "12345",
    ),
    *(
        "</s>",
        "#### ####",
        "; ; ;",
        "()",
        "1. . 2. .",
        "\u2022",
        "\ufffd\ufffd\ufffd",
        "0 0 0 0 0",
        "!!!!!!",
        "N/A N/A N/A",
    ),
    *("the the the the the", "and and and and", "<extra_id_0> <extra_id_1>", "zxqv bnrt klwp", "//// ////", "=-=-=-="),
)


def degenerate(draw: Random, text: str) -> tuple[str, bool, str]:
    """Return what a model makes of `text` when it fails, whether it was cut by the token limit, and how."""
    text = text.strip()
    bare = text.rstrip(". ")
    words = bare.split()
    way = draw.choice(("junk", "loop sentence", "loop phrase", "loop phrase", "hanging", "cut word", "loop tail"))
    if way == "junk":
        return draw.choice(_JUNK), False, way
    if way == "loop sentence":
        return " ".join([bare + "."] * draw.randint(3, 8)), False, way
    if way == "loop phrase":
        size = draw.randint(1, min(4, len(words)))
        start = draw.randrange(len(words) - size + 1)
        return " ".join([*words[: start + size], *(words[start : start + size] * draw.randint(4, 12))]), False, way
    if way == "loop tail":
        return f"{bare}. {' '.join([' '.join(words[-2:])] * draw.randint(4, 9))}", True, way
    if way == "hanging":
        return f"{bare} {draw.choice(_HANGING)}", draw.random() < 0.5, way
    tail = draw.choice(("There is also a small ri", "The heart is enl", "Possible superimposed pneum", "Mild degener"))
    return f"{bare}. {tail}", True, way
