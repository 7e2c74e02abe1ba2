"""A real S3 server for tests: SeaweedFS on 127.0.0.1, signatures on, everything it keeps in one folder."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from radray.settings.warehouse import S3Settings
from tests.support.ports import PortLostError, hold_ports, lost_port

BUCKET = "radray"
KEY_ID, SECRET = "AKIARADRAYTESTS", "made-up-secret-of-the-tests"
PATIENCE_S = 30
_ATTEMPTS = 3
_PORTS = ("master", "volume", "filer", "s3", "admin")


@dataclass(frozen=True)
class S3Server:
    """A running server with one bucket."""

    endpoint: str

    def settings(self, **changed: object) -> S3Settings:
        """Return the settings that reach it."""
        return S3Settings.model_validate(
            {"endpoint": self.endpoint, "region": "us-east-1", "path_style": True, **changed}
        )

    def overrides(self) -> list[str]:
        """Return the same as words of a job's command line."""
        return [f"warehouse.s3.{name}={value}" for name, value in self.settings().model_dump().items()]

    @staticmethod
    def environment() -> Mapping[str, str]:
        """Return the variables that hold its keys, and shut out what this machine has of its own."""
        nowhere = os.devnull
        return {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """Run a server that keeps its data in `folder` for the length of the block.

    Where another program took one of its ports all the same, it is started again with others, twice at most.
    """
    for attempt in range(_ATTEMPTS):
        with ExitStack() as stack:
            try:
                server = stack.enter_context(_running_once(folder))
            except PortLostError:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            yield server
            return


@contextmanager
def _running_once(folder: Path) -> Iterator[S3Server]:
    ports = hold_ports(2 * len(_PORTS))
    flags = [f"-{name}.port={port}" for name, port in zip(_PORTS, ports[::2], strict=True)]
    flags += [f"-{name}.port.grpc={port}" for name, port in zip(_PORTS, ports[1::2], strict=True)]
    command = [
        *(str(Path(sys.executable).with_name("weed")), "mini", f"-dir={folder}", f"-bucket={BUCKET}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-s3.autoCreateBucket=false"),
        *("-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", *flags),
        *(f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock"),
    ]
    environment = {**os.environ, **S3Server.environment()}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
    try:
        server = S3Server(f"http://127.0.0.1:{ports[2 * _PORTS.index('s3')]}")
        _wait(process, server, folder / "server.log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for port in ports:  # its own sockets: it makes them here whatever its flags say, and leaves them
            for socket_file in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket_file.unlink(missing_ok=True)


def _wait(process: "subprocess.Popen[bytes]", server: S3Server, log: Path) -> None:
    """Return when the server answers a signed request and keeps what it is given.

    Raises PortLostError where its log says that a port is taken, RuntimeError where it does not start otherwise.
    """
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=5),
    )
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"1")
            return
        except (ClientError, BotoCoreError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                content = log.read_bytes()
                text = content[-2000:].decode(errors="replace")
                kind = PortLostError if lost_port(content) else RuntimeError
                raise kind(f"the S3 server did not start:\n{text}") from error
            time.sleep(0.1)
