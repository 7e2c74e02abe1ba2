"""Views to hand on: ids are keyed, dates are years, and what is not named here is not in them.

An id is replaced by HMAC-SHA256 (RFC 2104) with the key of `publish.deidentification_key`: whoever lacks the key can
neither compute it from an id nor try all ids, and the same key gives the same values in the next export. Rows come in
the order of these, since the tables' own is that of study ids. Of dates only
years are left, as 45 CFR 164.514(b)(2)(i)(C) has it. That the columns identify nobody is not proved: a rare exam in a
small hospital may.

These views are in `jobs.query` alone. In Athena a view's text would hold the key, for everybody who may read the
catalog or the history of queries; an answer is written to a file instead (``out=parquet``).
"""

import hmac

import duckdb

from radray.errors import ConfigError
from radray.flags import CLASSES
from radray.schema.checks import RAW_ROUGE_COLUMNS
from radray.schema.predictions import ROUGE_COLUMNS

DEIDENTIFIED = ("reports_deidentified", "predictions_deidentified", "answers_deidentified")
"""Names of the views."""

REPORT_COLUMNS = (
    *("format", "status", "reason", "split", "report_status", "comparison_state", "modality", "body_part"),
)
"""Columns of `reports` that are handed on as they are: a list, so that a new column is not among them by itself."""

PREDICTION_COLUMNS = (
    *("split", "model_name", "model_digest", "task", "prompt_id", "engine", "status", "reason", "modality"),
    *("body_part", "comparison_state", "reference_stratum", "findings_stratum", "input_tokens", "output_tokens"),
    *("input_truncated", "output_cut", "repeated", *ROUGE_COLUMNS, *RAW_ROUGE_COLUMNS, "scorer_id", "concept_f1"),
    *("logprob_per_token", "margin", "agreement", *(f"flag_{name}" for name in CLASSES)),
    *(f"reference_flag_{name}" for name in CLASSES),
    *("followup", "reference_followup", "urgent_first", "reference_urgent_first", "impression_items"),
    "item_order",
    *("reference_items", "defer", "defer_reason", "checks_id"),
)
"""Columns of `predictions` that are handed on as they are."""

ANSWER_COLUMNS = (
    *("task", "item", "split", "model_name", "model_digest", "prompt_id", "engine", "status", "reason", "value"),
    *("gold_value", "gold_source", "correct", "f1", "input_tokens", "output_tokens", "input_truncated", "output_cut"),
    *("logprob_per_token", "repeated", "scorer_id"),
)
"""Columns of `answers` that are handed on as they are."""

_ID_CHARACTERS = 32
"""Of the 64 of a digest: 128 bits, of which no two of 10^9 ids are likely to be alike."""


def keyed_id(key: str, kind: str, dataset: str, value: str) -> str:
    """Return what stands for the id `value` of a `kind` in `dataset`, in hex; an empty value is an id as well."""
    message = "\0".join((kind, dataset, value)).encode("utf-8")
    return hmac.digest(key.encode("utf-8"), message, "sha256").hex()[:_ID_CHARACTERS]


def register_keyed_id(connection: duckdb.DuckDBPyConnection, key: str | None, view: str) -> None:
    """Give `connection` the function ``keyed_id(kind, dataset, id)``, null for a null id, that `view` needs.

    A function of this process, so that no statement and no catalog holds the key. Raises ConfigError without a `key`.
    """
    if key is None:
        raise ConfigError(
            f"{view} needs publish.deidentification_key=file:PATH, a file of one line with at least 32 characters that"
            " nobody can guess: openssl rand -hex 32"
        )
    known = str(key)

    def of_row(kind: str, dataset: str, value: str) -> str:
        return keyed_id(known, kind, dataset, value)

    text = duckdb.sqltype("VARCHAR")
    connection.create_function("keyed_id", of_row, [text, text, text], text)
