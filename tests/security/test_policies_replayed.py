"""Every request that the jobs send to S3, recorded in a run, against the policies of the role that sent it.

The run's server answers as S3 answers a role that may not list the whole bucket: an object that is not there is
forbidden, and not missing.
"""

from collections import Counter

import pytest

from tests.support.policies import Asked, allows, denies, statements_of
from tests.support.roles import ACCOUNT, NODES, VALUES, statements
from tests.support.s3_server import S3Server
from tests.support.worlds.recorded import ROLES, Recording, record

pytestmark = pytest.mark.drill  # 4 minutes: every job, once, against a server that records it


@pytest.fixture(scope="module")
def recording(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    with pytest.MonkeyPatch.context() as patch:
        return record(tmp_path_factory.mktemp("recorded"), s3_server, patch)


def of(recording: Recording, role: str) -> list[Asked]:
    """Return what `role` asked, of places named as those of VALUES."""
    return sorted(recording.asked[role], key=str)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_its_jobs_do(role: str, recording: Recording) -> None:
    granted = statements(role, **recording.values)
    refused = [asked for asked in of(recording, role) if not allows(granted, asked)]
    assert refused == []
    assert len(of(recording, role)) > 10


def test_every_way_that_a_policy_opens_is_taken(recording: Recording) -> None:
    """What no job asks for in a whole run is not granted: but what only a failure or a large file needs."""
    seldom = {"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
    of_other_runs = {
        # a training that resumes; a model on S3, which here lies in the cache of the one machine already
        ("worker", "Checkpoints", "s3:GetObject"),
        ("worker", "ReadModels", "s3:GetObject"),
        # an upload of a model that another has replaced
        ("head", "Models", "s3:DeleteObject"),
    }
    unused = set()
    for role in ("head", "worker"):
        for statement in statements(role, **recording.values):
            for action in set(statement["Action"]) - seldom:
                alone = [{**statement, "Action": [action]}]
                if action.startswith("s3:") and not any(allows(alone, asked) for asked in of(recording, role)):
                    unused.add((role, str(statement["Sid"]), action))
    assert unused == of_other_runs


def test_workers_write_staging_and_checkpoints_alone(recording: Recording) -> None:
    places = Counter(
        asked.resource.removeprefix(f"arn:aws:s3:::{recording.values['bucket']}/").split("/")[1]
        for asked in of(recording, "worker")
        if asked.action in ("s3:PutObject", "s3:DeleteObject")
    )
    assert places.keys() == {"warehouse", "checkpoints"}
    written = {
        a.resource for a in of(recording, "worker") if a.action == "s3:PutObject" and "/warehouse/" in a.resource
    }
    assert all("/_staging/reports/" in name or "/_staging/predictions/" in name for name in written)


@pytest.mark.parametrize("role", ROLES)
def test_the_buckets_policy_denies_none_of_it_by_tls(role: str, recording: Recording) -> None:
    guard = statements_of(
        NODES / "bucket.json",
        **(VALUES | {"bucket": recording.values["bucket"]}),
        **{name: f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("sender_arn", "lake_formation_role_arn")},
        administrator_arn=f"arn:aws:iam::{ACCOUNT}:role/administrator",
        key_arn=f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1",
    )
    for asked in of(recording, role):
        by_tls = asked.carrying(
            aws__SecureTransport="true",
            s3__TlsVersion="1.3",
            aws__PrincipalArn=f"arn:aws:iam::{ACCOUNT}:role/radray-{role}",
        )
        assert not denies(guard, by_tls), asked
        clear = asked.carrying(
            aws__SecureTransport="false", aws__PrincipalArn=f"arn:aws:iam::{ACCOUNT}:role/radray-{role}"
        )
        assert denies(guard, clear), asked
