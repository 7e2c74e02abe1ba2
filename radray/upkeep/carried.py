"""The reports of an erased patient out of the models that carry training reports with them, and out of their copies.

A model folder, or an ``s3://`` prefix, is changed in steps of one whole file each: the manifest to be, beside the one
that holds (BEGUN); the training reports; the manifest. Killed in between, it is the old model, or one that every job
refuses since a file differs from its manifest; the same erasure again makes it the new one.
"""

import hashlib
import io
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from radray.errors import AuditError, InputError
from radray.models.manifest import ERASED, MANIFEST, FileEntry, Manifest, parse_manifest, read_manifest, replaced_by
from radray.models.neighbours import COLUMNS, NEIGHBOURS
from radray.models.store import cache_folder, local_copy, untrained_folder
from radray.storage.failures import MissingFile, translated
from radray.storage.files import Storage, absolute_uri, is_s3
from radray.storage.whole import PARTIAL, write_whole
from radray.upkeep.evidence import Hit, Trace, search

BEGUN = ".erasure.json"
"""The manifest that a model gets at the end of an erasure; it starts with a dot, so no manifest lists it."""

_NUMBERS = (".safetensors", ".bin")
"""Suffixes of files of weights: an erasure does not change them, and they hold no text."""

_TEXT_BYTES = 32
"""Shorter texts are not searched for in a model's files: a tokenizer holds words, and a short finding is one."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Whose reports are erased from models."""

    units: frozenset[str]
    """The unit_ids of their reports, as far as the warehouse knows them."""
    subject: str | None
    """Digest of the subject_id, as models have it."""
    dataset: str | None = None
    """Dataset of the reports; None: not known, or each."""
    others: frozenset[str] = frozenset()
    """The unit_ids of another patient, who has the same subject_id in another dataset."""

    def owns(self, reports: pa.Table, provenance: Mapping[str, Any]) -> list[bool]:
        """Return for each of `reports`, which a model of `provenance` carries, whether it is one of theirs."""
        theirs = self.dataset is None or provenance.get("dataset") in (None, self.dataset)
        return [
            unit in self.units
            or (theirs and subject is not None and subject == self.subject and unit not in self.others)
            for unit, subject in zip(reports["unit_id"].to_pylist(), reports["subject"].to_pylist(), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Carrier:
    """A model that carries training reports with it."""

    uri: str
    manifest: Manifest
    reports: pa.Table
    replaced: str | None = None
    """Digest of the manifest that stands there still, of an erasure that was cut off; None: `manifest` stands there."""


@dataclass(frozen=True, slots=True)
class ModelErasure:
    """What an erasure did to a model."""

    uri: str
    name: str
    digest: str
    replaced: str
    """The digest before."""
    reports: int
    """Training reports that were removed; 0: an erasure that was cut off had removed them."""
    kept: int


def open_carriers(uris: Iterable[str], storage: Storage) -> tuple[list[Carrier], list[str]]:
    """Return the models of `uris` that carry training reports, and the folders that are not there. Only reads.

    To a model on S3 belongs the folder on this machine that it was uploaded from, and to a folder the untrained model
    beside it, where there is one. Raises as `open_carrier`.
    """
    missing = [uri for uri in uris if not is_s3(uri) and not Path(absolute_uri(uri)).exists()]
    places = dict.fromkeys(absolute_uri(uri) for uri in uris if uri not in missing)
    folders = [local_copy(place) if is_s3(place) else Path(place) for place in places]
    related = (path for folder in folders for path in (folder, untrained_folder(folder)))
    places |= dict.fromkeys(str(path) for path in related if (path / MANIFEST).is_file())
    carriers = [open_carrier(place, storage) for place in places]
    return [carrier for carrier in carriers if carrier is not None], missing


def open_carrier(uri: str, storage: Storage) -> Carrier | None:
    """Return the model at `uri` with the training reports that it carries; None where it carries none. Only reads.

    Raises InputError for what is no model folder or prefix with a manifest, and for reports that differ from it.
    """
    place = absolute_uri(uri)
    try:
        manifest = parse_manifest(storage.read(f"{place}/{MANIFEST}"), uri)
    except MissingFile:
        raise InputError(
            f"model {uri}: there is no {MANIFEST}: an erasure changes models that jobs.finetune wrote, folders and"
            " s3:// prefixes; leave others out of model.uri, and remove what was never uploaded to its end"
        ) from None
    if NEIGHBOURS not in manifest.files:
        return None
    content = storage.read(f"{place}/{NEIGHBOURS}")
    held, replaced = _entry(content), None
    if held != manifest.files[NEIGHBOURS]:
        begun = _begun(place, storage)
        if begun is None or held != begun.files.get(NEIGHBOURS):
            raise InputError(
                f"model {uri}: {NEIGHBOURS} is not the file that its {MANIFEST} lists: remove the model, or put it"
                " there again, and erase then"
            )
        manifest, replaced = begun, manifest.digest
    try:
        reports = pq.read_table(pa.BufferReader(content), schema=COLUMNS)
    except pa.ArrowException:
        raise InputError(
            f"model {uri}: {NEIGHBOURS} cannot be read; fine-tune the model again, and erase then"
        ) from None
    return Carrier(place, manifest, reports, replaced)


def erase_carried(carrier: Carrier, patient: Patient, storage: Storage) -> ModelErasure | None:
    """Take the patient's reports out of the model, which gets another manifest and so another digest.

    Returns None where it carries none of theirs. Safe to repeat after a crash. Raises RadrayError.
    """
    place, manifest = carrier.uri, carrier.manifest
    owned = patient.owns(carrier.reports, manifest.provenance)
    kept = carrier.reports.filter(pa.array([not mine for mine in owned], pa.bool_()))
    if any(owned):
        sink = io.BytesIO()
        pq.write_table(kept, sink, compression="zstd")
        files = {**manifest.files, NEIGHBOURS: _entry(sink.getvalue())}
        mark = {
            "why": "reports of a patient were erased: a new model is needed",
            "replaces": [*replaced_by(manifest), manifest.digest],
        }
        manifest = replace(manifest, files=files, provenance={**manifest.provenance, ERASED: mark})
        _write(f"{place}/{BEGUN}", manifest.to_json(), storage)
        _write(f"{place}/{NEIGHBOURS}", sink.getvalue(), storage)
    before = carrier.replaced or carrier.manifest.digest
    if manifest.digest != before:
        _write(f"{place}/{MANIFEST}", manifest.to_json(), storage)
    _remove(f"{place}/{BEGUN}", storage)
    if manifest.digest == before:
        return None
    return ModelErasure(place, manifest.name, manifest.digest, before, sum(owned), kept.num_rows)


def erase_copies(carriers: Iterable[Carrier], patient: Patient) -> list[Path]:
    """Remove the copies of models on this machine that carry the patient's reports, and return their folders.

    They are those that were fetched from S3, whichever model they are of, and what a killed fine-tuning left beside a
    local one of `carriers`. One that cannot be read is removed too: it is fetched or written again.
    """
    removed = []
    beside = (left for carrier in carriers for left in _left_beside(carrier))
    for folder in (*sorted(cache_folder().glob("*")), *beside):  # glob: those that start with a dot as well
        if (folder / NEIGHBOURS).is_file() and _may_hold(folder, patient):
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
        if now is None or any(patient.owns(now.reports, now.manifest.provenance)):
            raise AuditError(f"model {carrier.uri} still carries reports of the patient, or was replaced; erase again")
        others = texts_of(now.reports, [True] * now.reports.num_rows)
        wanted = frozenset(units | {Trace("text", text.encode()) for text in long - others})
        for file in storage.list_files(carrier.uri):
            if not file.endswith(_NUMBERS):
                hits |= search(io.BytesIO(storage.read(file)), file, wanted)
                count += 1
    if hits:
        named = "; ".join(sorted({f"{hit.uri} ({hit.trace.kind})" for hit in hits})[:20])
        raise AuditError(f"files of models still hold values of the patient: {named}; remove them by hand")
    return count


def texts_of(reports: pa.Table, owned: Sequence[bool]) -> set[str]:
    """Return the findings and impressions of the reports that are `owned`."""
    mine = reports.filter(pa.array(owned, pa.bool_()))
    return {text for name in ("findings", "impression") for text in mine[name].to_pylist() if text}


def _begun(place: str, storage: Storage) -> Manifest | None:
    """Return the manifest that a cut off erasure was to give the model of `place`; None where there is none."""
    try:
        return parse_manifest(storage.read(f"{place}/{BEGUN}"), place)
    except MissingFile:
        return None


def _entry(content: bytes) -> FileEntry:
    return FileEntry(hashlib.sha256(content).hexdigest(), len(content))


def _write(place: str, content: bytes, storage: Storage) -> None:
    """Write `content` to `place`, over what is there, whole or not at all. Raises RadrayError."""
    if is_s3(place):
        storage.write(place, content)
        return
    with translated(place, "cannot be written"):
        write_whole(Path(place), content)


def _remove(place: str, storage: Storage) -> None:
    if is_s3(place):
        storage.remove_object(place)
        return
    with translated(place, "cannot be removed"):
        Path(place).unlink(missing_ok=True)


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
        return any(patient.owns(pq.read_table(folder / NEIGHBOURS, schema=COLUMNS), provenance))
    except (OSError, pa.ArrowException):
        return True
