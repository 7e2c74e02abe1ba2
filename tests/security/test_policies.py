"""What no role may do, whatever its jobs need; and what the bucket itself refuses."""

import json

import pytest

from tests.support.policies import Asked, allows, denies, statements_of
from tests.support.roles import ACCOUNT, FILES, NODES, VALUES, statements

BUCKET = "arn:aws:s3:::hospital"
ROLES = tuple(FILES)
LISTING = "s3:ListBucket"


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


GUARD = statements_of(
    NODES / "bucket.json",
    **VALUES,
    sender_arn=role_arn("feed"),
    lake_formation_role_arn=role_arn("lake"),
    administrator_arn=role_arn("administrator"),
    key_arn=f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1",
)


def listing(prefix: str | None, bucket: str = BUCKET) -> Asked:
    return Asked(LISTING, bucket, () if prefix is None else (("s3:prefix", prefix),))


EVERYBODY = (
    # the whole bucket, or a neighbour whose name begins alike: what a prefix without its slash would open
    *(listing(None), listing(""), listing("rad"), listing("radray"), listing("radray-other/"), listing("radrays/x")),
    *(listing("incoming"), listing("incoming-other/"), listing("models2/"), listing("payroll/")),
    *(
        Asked("s3:GetObject", f"{BUCKET}/{key}")
        for key in ("radray-other/x", "radrayx", "incoming2/a", "payroll/x", "x")
    ),
    *(Asked("s3:PutObject", f"{BUCKET}/{key}") for key in ("radray-other/x", "modelsx/a", "payroll/x")),
    Asked("s3:GetObject", "arn:aws:s3:::another/radray/x"),
    listing("radray/", "arn:aws:s3:::another"),
    # what is the feed's alone
    *(Asked(f"s3:{action}", f"{BUCKET}/incoming/2026-11-21/a.hl7") for action in ("PutObject", "DeleteObject")),
    # who may read, for how long, and what is kept
    *(
        Asked(f"s3:{action}", BUCKET)
        for action in (
            *("DeleteBucket", "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl", "PutEncryptionConfiguration"),
            *("PutBucketPublicAccessBlock", "PutLifecycleConfiguration", "PutBucketVersioning", "CreateBucket"),
        )
    ),
    *(Asked(f"s3:{action}", f"{BUCKET}/radray/x") for action in ("PutObjectAcl", "DeleteObjectVersion")),
    *(Asked(action, "*") for action in ("iam:CreateUser", "iam:PassRole", "sts:AssumeRole", "kms:Decrypt")),
    Asked("iam:PassRole", role_arn("administrator")),
    Asked("glue:DeleteTable", f"arn:aws:glue:eu-central-1:{ACCOUNT}:table/radray/reports"),
    Asked("lakeformation:GrantPermissions", "*"),
)
"""What no role may do."""

BEYOND = {
    "worker": (
        *(
            Asked(f"s3:{action}", f"{BUCKET}/radray/{key}")
            for action in ("PutObject", "DeleteObject")
            for key in (
                *("data/reports/2026-11-21/x/part-00000.parquet", "data/predictions/2026-11-21/x/part-00000.parquet"),
                *("tables/reports/metadata/v1.metadata.json", "_staging/_leases/reports/x.json", "x"),
            )
        ),
        Asked("s3:DeleteObject", f"{BUCKET}/radray/_staging/reports/k/x.parquet"),
        Asked("s3:GetObject", f"{BUCKET}/radray/data/predictions/2026-11-21/x/part-00000.parquet"),
        Asked("s3:GetObject", f"{BUCKET}/radray/tables/reports/metadata/v1.metadata.json"),
        *(Asked(f"s3:{action}", f"{BUCKET}/models/t5/manifest.json") for action in ("PutObject", "DeleteObject")),
        *(listing("radray/"), listing("incoming/"), listing("models/")),
        Asked("ec2:RunInstances", f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/*"),
        Asked("glue:UpdateTable", f"arn:aws:glue:eu-central-1:{ACCOUNT}:table/radray/reports"),
    ),
    "head": (
        Asked("s3:PutObject", f"{BUCKET}/checkpoints/x/step-0000000001/manifest.json"),
        Asked("ec2:TerminateInstances", f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-1"),  # one without our tag
    ),
    "publish": (
        *(
            Asked(f"s3:{action}", f"{BUCKET}/radray/{key}")
            for action in ("GetObject", "PutObject", "DeleteObject")
            for key in ("data/reports/2026-11-21/x/part-00000.parquet", "_staging/reports/k/x.parquet")
        ),
        Asked("s3:GetObject", f"{BUCKET}/incoming/2026-11-21/a.hl7"),
        Asked("s3:DeleteObject", f"{BUCKET}/radray/tables/reports/metadata/v1.metadata.json"),
    ),
    "analyst": (
        Asked("s3:GetObject", f"{BUCKET}/radray/data/reports/2026-11-21/x/part-00000.parquet"),
        Asked("s3:GetObject", f"{BUCKET}/radray/tables/reports/metadata/v1.metadata.json"),
        listing("radray/"),
    ),
    "schedule": (Asked("s3:GetObject", f"{BUCKET}/radray/x"), listing("radray/")),
}
"""What one role may not do, though another may."""


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_do_what_none_needs(role: str) -> None:
    granted = statements(role)
    assert [asked for asked in (*EVERYBODY, *BEYOND[role]) if allows(granted, asked)] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_that_is_too_wide_is_seen(role: str) -> None:
    # the control: each kind of hole that was there, or might come
    def with_hole(action: str, resource: str, **condition: object) -> list[Asked]:
        hole = {"Sid": "Hole", "Effect": "Allow", "Action": [action], "Resource": [resource], **condition}
        granted = [*statements(role), hole]
        return [asked for asked in (*EVERYBODY, *BEYOND[role]) if allows(granted, asked)]

    alike = {"Condition": {"StringLike": {"s3:prefix": ["radray*"]}}}
    assert with_hole(LISTING, BUCKET, **alike)
    assert with_hole(LISTING, BUCKET)
    assert with_hole("s3:GetObject", f"{BUCKET}/radray*")
    assert with_hole("s3:PutObject", f"{BUCKET}/*")
    assert with_hole("s3:*", BUCKET)
    assert with_hole("iam:PassRole", "*")


def as_role(asked: Asked, name: str = "radray-head", tls: str = "true", version: str = "1.3", **more: str) -> Asked:
    return asked.carrying(aws__SecureTransport=tls, s3__TlsVersion=version, aws__PrincipalArn=role_arn(name), **more)


GET, PUT = (Asked(f"s3:{action}", f"{BUCKET}/radray/data/x") for action in ("GetObject", "PutObject"))


@pytest.mark.parametrize("asked", [GET, PUT, listing("radray/"), Asked("s3:DeleteObject", f"{BUCKET}/radray/x")])
def test_the_bucket_refuses_clear_text_old_tls_and_strangers(asked: Asked) -> None:
    for name in ("radray-head", "radray-worker", "radray-publish", "feed", "optimizer", "lake", "administrator"):
        assert not denies(GUARD, as_role(asked, name))
        assert denies(GUARD, as_role(asked, name, tls="false"))
        assert denies(GUARD, as_role(asked, name, version="1.1"))
    for stranger in ("another", "radray-head2", "x/radray-head"):
        assert denies(GUARD, as_role(asked, stranger))
    foreign = as_role(asked).carrying(aws__PrincipalArn="arn:aws:iam::444455556666:role/radray-head")
    assert denies(GUARD, foreign)
    assert denies(GUARD, asked.carrying(aws__SecureTransport="true", s3__TlsVersion="1.3"))  # nobody: a public reader


def test_the_bucket_takes_objects_under_its_own_key_alone() -> None:
    key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1"
    own = {"s3__x_amz_server_side_encryption": "aws:kms", "s3__x_amz_server_side_encryption_aws_kms_key_id": key}
    assert not denies(GUARD, as_role(PUT))  # no header: the bucket's default, which is all that pyarrow can ask for
    assert not denies(GUARD, as_role(PUT, **own))
    assert denies(GUARD, as_role(PUT, s3__x_amz_server_side_encryption="AES256"))
    assert denies(GUARD, as_role(PUT, s3__x_amz_server_side_encryption_aws_kms_key_id=key.replace("key/1", "key/2")))


def test_nothing_becomes_public_and_no_role_takes_a_guard_down() -> None:
    for acl in ("public-read", "public-read-write", "authenticated-read"):
        assert denies(GUARD, as_role(PUT, "administrator", s3__x_amz_acl=acl))
    for action in ("PutBucketPolicy", "DeleteBucketPolicy", "PutBucketPublicAccessBlock", "PutEncryptionConfiguration"):
        asked = Asked(f"s3:{action}", BUCKET)
        assert denies(GUARD, as_role(asked))
        assert not denies(GUARD, as_role(asked, "administrator"))


def test_the_buckets_policy_only_denies_and_fits() -> None:
    policy = json.loads((NODES / "bucket.json").read_text(encoding="utf-8"))
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Deny"}
    assert {statement["Principal"] for statement in policy["Statement"]} == {"*"}
    assert len(json.dumps(policy)) < 20_480  # AWS's limit of a bucket's policy
