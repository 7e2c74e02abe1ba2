"""Reports parsed a second on one core, beside the usual way: ``python -m tests.benchmarks.parsing [--reports 20000]``.

A zip of made-up reports in MIMIC-CXR's form is read member by member, each to sections and cleaned fields: by
`radray.reports.formats.mimic`, and by a plain writing of the usual approach (one regular expression for headings in
capitals before a colon, searched section by section; a table of names; white space and item numbers replaced by regular
expressions). Zip reading, from the opening of the archive on, is part of both: each reads as it does in use, ours with
`radray.reports.archives.container` as the prepare stage does, the usual one with `zipfile`. Reported apart are a run of
ours on `zipfile` too, and one that only reads with `zipfile`. The rounds alternate, so that whatever else the machine
does meets all of them; told is the median round in process time. JSON is the last line.
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from radray.reports.archives.container import list_members, read_members
from radray.reports.formats import mimic
from radray.reports.synthetic.studies import make_studies, write_zip
from radray.schema.statuses import ReportStatus

_HEADING = re.compile(r"\n ([A-Z ()/,-]+):\s", re.DOTALL)
_USUAL_NAMES = {
    "examination": "examination",
    "exam": "examination",
    "indication": "indication",
    "reason for examination": "indication",
    "history": "history",
    "clinical history": "history",
    "technique": "technique",
    "comparison": "comparison",
    "comparisons": "comparison",
    "findings": "findings",
    "impression": "impression",
    "conclusion": "impression",
    "notification": "notification",
    "recommendation(s)": "recommendations",
}
_USUAL_PARTS = ("impression", "findings", "history", "comparison", "addendum")
_VIEWS = re.compile(
    "(chest|portable|pa and lateral|lateral and pa|two views|frontal view|pa view|ap view|one view|ribs)"
)


def usual_sections(text: str) -> dict[str, str]:
    """Return the sections of `text` by name as the usual approach finds them; of several with a name the last."""
    parts: list[tuple[str, str]] = []
    match = _HEADING.search(text)
    while match:
        name = match.group(1).lower()
        start = match.end()
        # past the first line break, which a heading on its own line has eaten half of
        skipped = max(text[start:].find("\n"), 0)
        match = _HEADING.search(text, start + skipped)
        parts.append((name, text[start : match.start() if match else len(text)]))
    sections = {}
    for name, body in parts:
        name = name.strip()
        if name not in _USUAL_NAMES:
            name = next((part for part in _USUAL_PARTS if part in name), name)
            if _VIEWS.search(name):
                name = "findings"
        if body.strip():
            sections[_USUAL_NAMES.get(name, name)] = body
    return sections


def usual_clean(text: str) -> str:
    """Return `text` with item numbers gone and white space collapsed, as training scripts do it."""
    text = re.sub(r"(?:^|(?<=\s))\d+\.\s", " ", text)
    text = re.sub(r"_+", "___", text)
    return re.sub(r"\s+", " ", text).strip()


def usual(path: Path) -> int:
    """Parse the members as the usual approach does; return how many have findings."""
    usable = 0
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            sections = usual_sections(archive.read(name).decode("utf-8"))
            fields = {part: usual_clean(body) for part, body in sections.items()}
            usable += bool(fields.get("findings"))
    return usable


def ours(path: Path) -> int:
    """Parse the members into records as the prepare stage does; return how many are ok."""
    usable = 0
    with path.open("rb") as file:
        for member, data in read_members(file, list_members(file)):
            usable += isinstance(data, bytes) and mimic.read(data, member.name).status is ReportStatus.OK
    return usable


def ours_with_zipfile(path: Path) -> int:
    """Parse the members into records, read by `zipfile`; return how many are ok."""
    with zipfile.ZipFile(path) as archive:
        return sum(mimic.read(archive.read(name), name).status is ReportStatus.OK for name in archive.namelist())


def only_read(path: Path) -> int:
    """Read the members with `zipfile` and do nothing with them; return how many are not empty."""
    with zipfile.ZipFile(path) as archive:
        return sum(bool(archive.read(name)) for name in archive.namelist())


WAYS: dict[str, Callable[[Path], int]] = {
    "radray": ours,
    "usual": usual,
    "radray on zipfile": ours_with_zipfile,
    "zipfile alone": only_read,
}


def main() -> int:
    """Measure, print a table and a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reports.zip"
        with path.open("wb") as file:
            write_zip(make_studies(arguments.reports, seed=11), file)
        for _ in range(arguments.rounds):
            for way, run in WAYS.items():
                began = time.process_time()
                usable = run(path)
                seconds[way].append(time.process_time() - began)
                if usable != arguments.reports:
                    raise RuntimeError(f"{way}: {usable} of {arguments.reports} reports were read")
    rates = {way: arguments.reports / statistics.median(spent) for way, spent in seconds.items()}
    ratio = statistics.median(u / r for u, r in zip(seconds["usual"], seconds["radray"], strict=True))
    for way, rate in rates.items():
        sys.stdout.write(f"{way:20}{rate:10,.0f} reports/s{1e6 / rate:10.1f} us a report\n")
    sys.stdout.write(f"radray / usual: {ratio:.2f} (median of {arguments.rounds} rounds)\n")
    summary = {"reports": arguments.reports, "rounds": arguments.rounds, "ratio": round(ratio, 3)}
    sys.stdout.write(json.dumps(summary | {way.replace(" ", "_"): round(rate) for way, rate in rates.items()}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
