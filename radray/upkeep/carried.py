"""The reports of an erased patient out of the models that carry reports with them: training reports, picked exemplars.

A model folder, or an ``s3://`` prefix, is changed in steps of one whole file each: the manifest to be, beside the one
that holds (BEGUN); the reports; the manifest. Killed in between, it is the old model, or one that every job refuses
since a file differs from its manifest; the same erasure again makes it the new one.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from radray.errors import InputError
from radray.models.manifest import ADAPTER, ERASED, MANIFEST, PICKED, FileEntry, Manifest, parse_manifest, replaced_by
from radray.models.neighbours import NEIGHBOURS, parse_carried
from radray.models.store import local_copy, untrained_folder
from radray.storage.failures import MissingFile, translated
from radray.storage.files import Storage, absolute_uri, is_s3
from radray.storage.whole import write_whole

CARRIED = (NEIGHBOURS, PICKED)
"""Files of a model folder that hold reports, with the same columns; the adapter in it may have one of its own."""

BEGUN = ".erasure.json"
"""The manifest that a model gets at the end of an erasure; it starts with a dot, so no manifest lists it."""

_INNER = f"{ADAPTER}/{MANIFEST}"


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
    """The unit_ids and study_ids of another patient, who has the same subject_id in another dataset."""
    studies: frozenset[str] = frozenset()
    """The study_ids of their reports: what picked exemplars are known by."""
    pairs: frozenset[tuple[str, str]] = frozenset()
    """Findings and impression of their reports: what picked exemplars without a patient are known by."""

    def owns(self, name: str, reports: pa.Table, provenance: Mapping[str, Any]) -> list[bool]:
        """Return for each of `reports`, the file `name` of a model of `provenance`, whether it is one of theirs."""
        theirs = self.dataset is None or provenance.get("dataset") in (None, self.dataset)
        picked = name.endswith(PICKED)
        return [
            row["unit_id"] in self.units
            or (
                theirs
                and self.subject is not None
                and row["subject"] == self.subject
                and row["unit_id"] not in self.others
            )
            or (picked and theirs and row["unit_id"] in self.studies - self.others)
            or (picked and row["subject"] is None and (row["findings"], row["impression"]) in self.pairs)
            for row in reports.to_pylist()
        ]


@dataclass(frozen=True, slots=True)
class Carrier:
    """A model that carries reports with it."""

    uri: str
    manifest: Manifest
    """As it stands there."""
    reports: Mapping[str, pa.Table]
    """The reports by file: those of CARRIED that there are."""
    held: Mapping[str, FileEntry]
    """What the files are that an erasure changes; others than in `manifest` where one was cut off."""
    inner: Manifest | None
    """The manifest of the adapter in it, as it stands there."""

    def owned(self, patient: Patient) -> dict[str, list[bool]]:
        """Return by file whether each report is the patient's."""
        provenance = self.manifest.provenance
        return {name: patient.owns(name, reports, provenance) for name, reports in self.reports.items()}

    def texts(self, owned: Mapping[str, Sequence[bool]]) -> set[str]:
        """Return the findings and impressions of the reports that are `owned`."""
        tables = [self.reports[name].filter(pa.array(mine, pa.bool_())) for name, mine in owned.items()]
        return {text for table in tables for name in ("findings", "impression") for text in table[name].to_pylist()}

    def units(self, owned: Mapping[str, Sequence[bool]]) -> set[str]:
        """Return the unit_ids of the training reports that are `owned`."""
        if NEIGHBOURS not in owned:
            return set()
        return set(self.reports[NEIGHBOURS]["unit_id"].filter(pa.array(owned[NEIGHBOURS], pa.bool_())).to_pylist())


@dataclass(frozen=True, slots=True)
class ModelErasure:
    """What an erasure did to a model."""

    uri: str
    name: str
    digest: str
    replaced: str
    """The digest before."""
    reports: int
    """Reports that were removed; 0: an erasure that was cut off had removed them."""
    kept: int


def open_carriers(uris: Iterable[str], storage: Storage) -> tuple[list[Carrier], list[str]]:
    """Return the models of `uris` that carry reports, and the folders that are not there. Only reads.

    To a model on S3 belongs the folder on this machine that it was uploaded from, and to a folder the untrained model
    beside it, where there is one. An adapter in a model's folder is that model. Raises as `open_carrier`.
    """
    missing = [uri for uri in uris if not is_s3(uri) and not Path(absolute_uri(uri)).exists()]
    places = dict.fromkeys(_whole(absolute_uri(uri), storage) for uri in uris if uri not in missing)
    folders = [local_copy(place) if is_s3(place) else Path(place) for place in places]
    related = (path for folder in folders for path in (folder, untrained_folder(folder)))
    places |= dict.fromkeys(str(path) for path in related if (path / MANIFEST).is_file())
    carriers = [open_carrier(place, storage) for place in places]
    return [carrier for carrier in carriers if carrier is not None], missing


def open_carrier(uri: str, storage: Storage) -> Carrier | None:
    """Return the model at `uri` with the reports that it carries; None where it carries none. Only reads.

    Raises InputError for what is no model folder or prefix with a manifest, and for reports that differ from it.
    """
    place = absolute_uri(uri)
    manifest = _manifest(place, storage)
    if manifest is None:
        raise InputError(
            f"model {uri}: there is no {MANIFEST}: an erasure changes models that jobs.finetune wrote, folders and"
            " s3:// prefixes; leave others out of model.uri, and remove what was never uploaded to its end"
        )
    names = [name for name in manifest.files if name.rpartition("/")[2] in CARRIED]
    if not names:
        return None
    inner = [_INNER] if _INNER in manifest.files else []
    contents = {name: storage.read(f"{place}/{name}") for name in (*names, *inner)}
    held = {name: _entry(content) for name, content in contents.items()}
    begun = _manifest(place, storage, BEGUN)
    for name, entry in held.items():
        if entry not in (manifest.files[name], None if begun is None else begun.files.get(name)):
            raise InputError(
                f"model {uri}: {name} is not the file that its {MANIFEST} lists: remove the model, or put it there"
                " again, and erase then"
            )
    reports = {name: parse_carried(io.BytesIO(contents[name]), f"model {uri}: {name}") for name in names}
    return Carrier(place, manifest, reports, held, parse_manifest(contents[_INNER], uri) if inner else None)


def erase_carried(carrier: Carrier, patient: Patient, storage: Storage) -> ModelErasure | None:
    """Take the patient's reports out of the model, which gets another manifest and so another digest.

    Returns None where it carries none of theirs. Safe to repeat after a crash. Raises RadrayError.
    """
    place, manifest = carrier.uri, carrier.manifest
    owned = carrier.owned(patient)
    kept = {
        name: carrier.reports[name].filter(pa.array([not its for its in mine], pa.bool_()))
        for name, mine in owned.items()
    }
    changed = {name: _parquet(kept[name]) for name, mine in owned.items() if any(mine)}
    files = {**manifest.files, **carrier.held, **{name: _entry(content) for name, content in changed.items()}}
    if carrier.inner is not None:
        below = {name: files[f"{ADAPTER}/{name}"] for name in carrier.inner.files}
        if changed or below != carrier.inner.files:  # after the reports: so it is never marked twice
            changed[_INNER] = _marked(carrier.inner, below).to_json()
            files[_INNER] = _entry(changed[_INNER])
    if files == manifest.files:
        _remove(f"{place}/{BEGUN}", storage)
        return None
    after = _marked(manifest, files)
    for name, content in {BEGUN: after.to_json(), **changed, MANIFEST: after.to_json()}.items():
        _write(f"{place}/{name}", content, storage)
    _remove(f"{place}/{BEGUN}", storage)
    outer = [name for name in owned if "/" not in name]
    counts = sum(sum(owned[name]) for name in outer), sum(kept[name].num_rows for name in outer)
    return ModelErasure(place, manifest.name, after.digest, manifest.digest, *counts)


def _marked(manifest: Manifest, files: Mapping[str, FileEntry]) -> Manifest:
    """Return `manifest` with `files`, and the record that reports were erased."""
    mark = {
        "why": "reports of a patient were erased: a new model is needed",
        "replaces": [*replaced_by(manifest), manifest.digest],
    }
    return replace(manifest, files=files, provenance={**manifest.provenance, ERASED: mark})


def _whole(place: str, storage: Storage) -> str:
    """Return the model that the adapter at `place` is in, whose manifest lists it; else `place`."""
    outer, _, name = place.rpartition("/")
    manifest = _manifest(outer, storage) if name == ADAPTER else None
    return place if manifest is None or _INNER not in manifest.files else outer


def _manifest(place: str, storage: Storage, name: str = MANIFEST) -> Manifest | None:
    """Return the manifest in the file `name` of `place`; None where there is none."""
    try:
        return parse_manifest(storage.read(f"{place}/{name}"), place)
    except MissingFile:
        return None


def _parquet(reports: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(reports, sink, compression="zstd")
    return sink.getvalue()


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
