"""Copies of models on this machine that carry an erased patient's reports, and the proof that no model does."""

import io
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from radray.errors import AuditError, InputError
from radray.models.cache import cache_folder
from radray.models.manifest import read_manifest
from radray.models.neighbours import COLUMNS
from radray.storage.failures import translated
from radray.storage.files import Storage, is_s3
from radray.storage.walk import files_below
from radray.storage.whole import PARTIAL
from radray.upkeep.carried import CARRIED, Carrier, Patient, open_carrier
from radray.upkeep.evidence import Hit, Trace, search

_NUMBERS = (".safetensors", ".bin")
"""Suffixes of files of weights: an erasure does not change them, and they hold no text."""

_TEXT_BYTES = 32
"""Shorter texts are not searched for in a model's files: a tokenizer holds words, and a short finding is one."""


def erase_copies(carriers: Iterable[Carrier], patient: Patient) -> list[Path]:
    """Remove the copies of models on this machine that carry the patient's reports, and return their folders.

    They are those that were fetched from S3 or joined from adapters, whichever model they are of, and what a killed
    fine-tuning left beside a local one of `carriers`. One that cannot be read is removed too: it is made again.
    """
    removed = []
    caches = (folder for kind in ("models", "joined") for folder in sorted(cache_folder(kind).glob("*")))
    beside = (left for carrier in carriers for left in _left_beside(carrier))
    for folder in (*caches, *beside):  # glob: those that start with a dot as well
        if folder.is_dir() and _may_hold(folder, patient):
            with translated(str(folder), "cannot be removed"):
                shutil.rmtree(folder)
            removed.append(folder)
    return removed


def prove_erased(carriers: Iterable[Carrier], patient: Patient, texts: Iterable[str], storage: Storage) -> int:
    """Read all files of the models but the weights, and return how many. Raises AuditError when one holds the patient.

    Searched for are the patient's unit_ids and those of `texts`, theirs, that no report left has word for word.
    """
    count = 0
    hits: set[Hit] = set()
    units = {Trace("unit_id", unit.encode()) for unit in patient.units}
    long = {text for text in texts if len(text.encode()) >= _TEXT_BYTES}
    for carrier in carriers:
        now = open_carrier(carrier.uri, storage)
        if now is None or any(any(mine) for mine in now.owned(patient).values()):
            raise AuditError(f"model {carrier.uri} still carries reports of the patient, or was replaced; erase again")
        others = now.texts({name: [True] * table.num_rows for name, table in now.reports.items()})
        wanted = frozenset(units | {Trace("text", text.encode()) for text in long - others})
        for file in storage.list_files(carrier.uri):
            if not file.endswith(_NUMBERS):
                hits |= search(io.BytesIO(storage.read(file)), file, wanted)
                count += 1
    if hits:
        named = "; ".join(sorted({f"{hit.uri} ({hit.trace.kind})" for hit in hits})[:20])
        raise AuditError(f"files of models still hold values of the patient: {named}; remove them by hand")
    return count


def _left_beside(carrier: Carrier) -> Iterator[Path]:
    """Yield the folders that a killed fine-tuning of a local model leaves: half a new one, or one on its way there."""
    if is_s3(carrier.uri):
        return
    folder = Path(carrier.uri)
    yield from sorted(folder.parent.glob(f".{escape(folder.name)}.*{PARTIAL}"))
    yield from sorted(folder.with_name(f"{folder.name}-checkpoints").glob("*/.export"))


def _may_hold(folder: Path, patient: Patient) -> bool:
    provenance: Mapping[str, Any] = {}
    with suppress(InputError):  # cut off before its manifest
        provenance = read_manifest(folder).provenance
    try:
        files = [path for path in map(Path, files_below(folder)) if path.name in CARRIED]
        return any(any(patient.owns(path.name, pq.read_table(path, schema=COLUMNS), provenance)) for path in files)
    except (OSError, pa.ArrowException):
        return True
