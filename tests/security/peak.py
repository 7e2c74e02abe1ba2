"""The memory that reading a hostile file takes, measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

MOST_BYTES = 1_500_000_000
"""What no file may take, however few bytes it has."""

_CODE = """
import json, sys
from collections import Counter
from itertools import islice
from radray.errors import RadrayError
from radray.reports.archives.container import list_members, open_members, read_members
from radray.reports.formats.registry import DocumentFormat, get_format
from radray.reports.record.fields import Fields
from radray.schema.statuses import RejectReason
name, place, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
reader, reasons = get_format(name, Fields()), Counter()
def records(file):
    members = list_members(file)
    if isinstance(reader, DocumentFormat):
        for member, data in read_members(file, members):
            yield data if isinstance(data, RejectReason) else reader.read(data, member.name).reason
        return
    for member, stream in open_members(file, members):
        if isinstance(stream, RejectReason):
            yield stream
            continue
        # a Parquet file by itself is read where it lies, as jobs.prepare does
        for record in reader.read(file if name == "parquet" and not member.name else stream):
            yield record.reason
with open(place, "rb") as file:
    try:
        for reason in islice(records(file), most):
            reasons[str(reason)] += 1
    except RadrayError as error:
        reasons[type(error).__name__] += 1
# not ru_maxrss: it begins with that of the process that started this one
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([reasons, int(peak) * 1024]))
"""


def read_apart(name: str, file: Path, most: int = 20) -> tuple[dict[str, int], int]:
    """Read `most` records of `file` as format `name` in a process of its own; return their reasons, and its peak."""
    command = [sys.executable, "-c", _CODE, name, str(file), str(most)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    reasons, peak = json.loads(done.stdout)
    return dict(reasons), int(peak)
