"""The records of an erasure in the warehouse: that it began, and the certificate of what was erased and proved.

Both lie in ``erasures/`` below the warehouse's root and hold no id of the patient but a digest that is slow to compute:
whoever has the id can show that the certificate is about it (`refers_to`), and a guess costs a tenth of a second.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from radray.storage.failures import translated
from radray.storage.files import is_s3
from radray.storage.whole import write_whole
from radray.tables.catalog import Warehouse
from radray.tables.identity import utc_now
from radray.tables.inventory import Inventory
from radray.tables.runs import code_version
from radray.upkeep.report import Erasure, Night

FORM = 1
"""Version of the certificate's form."""

_COST = {"n": 1 << 15, "r": 8, "p": 1}
"""Of scrypt: 32 MB and about 0.1 s a guess, so that a list of all ids of eight digits costs months and not minutes."""
_BEGUN, _CERTIFICATE, _TEXT = ".begun.json", ".certificate.json", ".certificate.txt"


def begin(
    warehouse: Warehouse, erasure: Erasure, subject_id: str, dataset: str | None, nights: Collection[Night]
) -> list[Night]:
    """Record that the erasure began, and return the `nights` with those of earlier attempts that were cut off.

    By the time an attempt is cut off, the rows that say which nights had the patient may be gone. Raises RadrayError
    when the record cannot be written: nothing is erased then.
    """
    known = set(nights)
    for begun in _begun(warehouse):
        if dataset in (None, begun["dataset"]) and refers_to(begun, subject_id):
            known |= {(name, date, split) for name, date, split in begun["nights"]}
            erasure.attempts.append(begun["erasure_id"])
            erasure.began = min(erasure.began, begun["began"])
            dataset = begun["dataset"]
    erasure.dataset = dataset
    record = {
        "erasure_id": erasure.erasure_id,
        "began": erasure.began,
        "dataset": dataset,
        "patient": _reference(subject_id),
        "nights": sorted(known, key=str),
    }
    _write(warehouse, f"{erasure.erasure_id}{_BEGUN}", _json(record))
    return sorted(known, key=str)


def certify(warehouse: Warehouse, erasure: Erasure, subject_id: str, who: str) -> list[str]:
    """Write the certificate of the erasure, as JSON and as text, and return where; what began is ended by it.

    `who` ran it. Raises RadrayError when it cannot be written: the erasure is done, and erasing again writes one.
    """
    certificate = {
        "form": FORM,
        "erasure_id": erasure.erasure_id,
        "earlier_attempts": erasure.attempts,
        "began": erasure.began,
        "ended": _now(),
        "by": who,
        "code_version": code_version(),
        "dataset": erasure.dataset,
        "patient": _reference(subject_id),
        "erased": {
            "rows": dict(sorted(erasure.rows.items())),
            "partitions_rewritten": erasure.partitions,
            "snapshots_expired_and_files_removed": len(erasure.removed),
            "predictions_without_their_mention": erasure.mentions,
            "predictions_without_their_text": erasure.copied,
            "ids_masked_in_rows_of_others": _by_column(erasure.masked),
            "models": [
                {"place": model.uri, "digest": model.digest, "replaced": model.replaced, "reports": model.reports}
                for model in erasure.models
            ],
        },
        "read_to_prove_it": {
            "files": erasure.files_read,
            "bytes": erasure.bytes_read,
            "sha256_of_sizes_and_names": erasure.listing_digest,
            "snapshots": erasure.snapshots,
            "values_searched_for": erasure.traces - erasure.shared,
            "values_that_others_have_too": erasure.shared,
            "files_of_models": erasure.model_files_read,
        },
        "rows_of_others_that_hold_the_id_as_a_name": _by_column(erasure.left),
        "may_still_hold_the_patient": [
            {"what": output.what, "place": output.place, "run_id": output.run_id} for output in erasure.outputs
        ],
        "learnt_from_the_patient": erasure.learnt,
    }
    lines = [
        f"Certificate of erasure {erasure.erasure_id}",
        f"One patient of dataset {erasure.dataset or 'any'}, by {who}, {erasure.began} to {certificate['ended']}.",
        "Whom, only somebody who has the id can check: see `patient` in the JSON file beside this.",
        *erasure.lines(),
    ]
    uris = [
        _write(warehouse, f"{erasure.erasure_id}{_CERTIFICATE}", _json(certificate)),
        _write(warehouse, f"{erasure.erasure_id}{_TEXT}", "".join(f"{line}\n" for line in lines).encode()),
    ]
    for erasure_id in (*erasure.attempts, erasure.erasure_id):
        Inventory(warehouse).remove(f"{_folder(warehouse)}/{erasure_id}{_BEGUN}")
    return uris


def refers_to(record: Mapping[str, Any], subject_id: str) -> bool:
    """Return whether a certificate, or the record of an erasure that began, is about the patient `subject_id`."""
    patient = record["patient"]
    return hmac.compare_digest(_slow_digest(subject_id, bytes.fromhex(patient["salt"])), patient["scrypt"])


def _reference(subject_id: str) -> dict[str, Any]:
    salt = secrets.token_bytes(16)
    return {"scrypt": _slow_digest(subject_id, salt), "salt": salt.hex(), **_COST}


def _slow_digest(subject_id: str, salt: bytes) -> str:
    memory = 2 * 128 * _COST["n"] * _COST["r"]
    return hashlib.scrypt(subject_id.encode("utf-8"), salt=salt, **_COST, maxmem=memory, dklen=32).hex()


def _begun(warehouse: Warehouse) -> Iterator[dict[str, Any]]:
    """Yield the records of erasures that have no certificate; one that was cut off while it was written has nothing."""
    for uri in warehouse.storage.list_files(_folder(warehouse), _BEGUN):
        with suppress(ValueError):
            yield json.loads(warehouse.storage.read(uri))


def _write(warehouse: Warehouse, name: str, content: bytes) -> str:
    uri = f"{_folder(warehouse)}/{name}"
    if is_s3(uri):
        warehouse.storage.write(uri, content)
        return uri
    warehouse.storage.make_folder(_folder(warehouse))
    with translated(uri, "cannot be written"):
        write_whole(Path(uri), content)
    return uri


def _folder(warehouse: Warehouse) -> str:
    return f"{warehouse.layout.root}/erasures"


def _by_column(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {f"{table}.{column}": count for (table, column), count in sorted(counts.items())}


def _json(value: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(value, indent=2, sort_keys=True)}\n".encode()


def _now() -> str:
    return f"{utc_now():%Y-%m-%dT%H:%M:%SZ}"
