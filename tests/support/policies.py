"""IAM's own rules, as far as the policies here use them: what a request may do under the statements of a role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: nothing is allowed but what a
statement allows, and nothing that one denies. A condition on a key that the request does not carry does not hold
(`...IfExists` apart), and of operators with Not it does.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.faults.fault_proxy import Request

Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a request asks to do."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()
    """Condition keys that the request carries, with their values."""

    def carrying(self, **context: str) -> "Asked":
        """Return the same with more context; in a key's name two underscores stand for the colon, one for a hyphen."""
        named = {name.replace("__", ":").replace("_", "-"): value for name, value in context.items()}
        return replace(self, context=(*self.context, *named.items()))


def statements_of(*files: Path, **values: str) -> list[Statement]:
    """Return the statements of policy `files`, ``${...}`` filled from `values`. Raises KeyError where one lacks."""
    listed: list[Statement] = []
    for file in files:
        listed += json.loads(Template(file.read_text(encoding="utf-8")).substitute(values))["Statement"]
    return listed


def allows(statements: Sequence[Statement], asked: Asked) -> bool:
    """Return whether a role, or a bucket, with `statements` does what is `asked`."""
    effects = {statement["Effect"] for statement in statements if _applies(statement, asked)}
    return "Allow" in effects and "Deny" not in effects


def denies(statements: Sequence[Statement], asked: Asked) -> bool:
    """Return whether `statements` deny what is `asked`, whatever else allows it."""
    return any(statement["Effect"] == "Deny" and _applies(statement, asked) for statement in statements)


def of_s3(request: Request) -> Iterator[Asked]:
    """Yield what a path-style `request` asks of S3, by the rights that its operations need.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html. Raises ValueError for an
    operation that is not known here.
    """
    parts = urlsplit(request.target)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    place = f"arn:aws:s3:::{bucket}"
    known = query.keys() - {
        "x-id",
        "list-type",
        "prefix",
        "max-keys",
        "continuation-token",
        "encoding-type",
        "delimiter",
    }
    known -= {"fetch-owner", "start-after", "partNumber", "uploadId", "versionId"}
    if key:
        action = {
            **{"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject", "PUT": "PutObject"},
            "POST": "PutObject",
        }[request.method]
        if "uploadId" in query:
            action = {"DELETE": "AbortMultipartUpload", "GET": "ListMultipartUploadParts"}.get(request.method, action)
        if known - {"uploads"}:
            raise ValueError(f"{request.method} {request.target}")
        yield Asked(f"s3:{action}", f"{place}/{key}")
    elif request.method == "POST" and "delete" in query:
        for name in re.findall(r"<Key>([^<]+)</Key>", request.body.decode()):
            yield Asked("s3:DeleteObject", f"{place}/{name}")
    elif request.method == "GET" and "location" in query:
        yield Asked("s3:GetBucketLocation", place)
    elif request.method == "GET" and "uploads" in query:
        yield Asked("s3:ListBucketMultipartUploads", place)
    elif request.method in ("GET", "HEAD") and not known:
        yield Asked("s3:ListBucket", place, (("s3:prefix", query["prefix"]),) if "prefix" in query else ())
    else:
        raise ValueError(f"{request.method} {request.target}")


def _applies(statement: Statement, asked: Asked) -> bool:
    actions, resources = statement.get("Action"), statement.get("Resource")
    if actions is None or resources is None:
        raise ValueError(f"{statement['Sid']}: NotAction and NotResource are not read here")
    if not _any(actions, asked.action.lower(), lower=True) or not _any(resources, asked.resource):
        return False
    conditions, context = statement.get("Condition", {}), dict(asked.context)
    return all(
        _holds(operator, key, _listed(expected), context.get(key))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _holds(operator: str, key: str, expected: Sequence[str], value: str | None) -> bool:
    name = operator.removesuffix("IfExists")
    if name == "Null":
        return (value is None) == (expected == ["true"])
    if value is None:
        return operator.endswith("IfExists") or "Not" in name
    if name in ("StringEquals", "Bool"):
        return value in expected
    if name == "StringNotEquals":
        return value not in expected
    if name in ("StringLike", "ArnLike", "ArnEquals"):
        return _any(expected, value)
    if name in ("StringNotLike", "ArnNotLike", "ArnNotEquals"):
        return not _any(expected, value)
    if name == "NumericLessThan":
        return float(value) < float(expected[0])
    raise ValueError(f"{operator} of {key} is not read here")


def _any(patterns: str | Sequence[str], value: str, *, lower: bool = False) -> bool:
    # fnmatch has [sets], which IAM has not
    listed = [re.sub(r"([\[\]])", r"[\1]", pattern) for pattern in _listed(patterns)]
    return any(fnmatchcase(value, pattern.lower() if lower else pattern) for pattern in listed)


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else [str(entry) for entry in value]
