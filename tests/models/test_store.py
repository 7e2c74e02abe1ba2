"""Models on S3, through the proxy that does what networks and stores do wrong."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from boto3.s3.transfer import TransferConfig

from radray.errors import InputError, RadrayError
from radray.models.families.pieces import PATIENTS
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import open_model
from radray.models.manifest import MANIFEST, write_manifest
from radray.models.neighbours import COLUMNS, NEIGHBOURS, read_neighbours, write_neighbours
from radray.models.store import StoredModel, on_this_node, open_stored, put_model
from radray.models.verified import CheckedFiles
from radray.pipelines.write_impressions import WriteImpressions
from radray.settings.generate import GenerateSettings
from radray.settings.model import TinySettings
from radray.storage import transfers
from radray.storage.files import Storage
from radray.tasks.registry import find_prompt
from tests.support.faults.fault_proxy import Fault, FaultProxy, Operation, Rule, running_proxy
from tests.support.paths import ROOT
from tests.support.s3_server import BUCKET, S3Server
from tests.support.worlds.report_tables import reports


@pytest.fixture(scope="module")
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    with running_proxy(s3_server.endpoint) as running:
        yield running


@pytest.fixture(scope="module")
def source_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "chest"
    build_tiny(
        ["small left effusion"] * PATIENTS,
        folder,
        size=TinySettings(vocab_size=300, d_model=16, d_ff=16, num_layers=1),
        seed=1,
    )
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_config.json").write_text("{}")
    write_manifest(folder, "chest", {"seed": 1})
    return folder


@pytest.fixture
def storage(s3: S3Server, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """S3 through the proxy; the node's cache is a new one."""
    proxy.plan()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Storage.of(s3.settings(endpoint=proxy.endpoint))


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"s3://{BUCKET}/{tmp_path.name}/chest"


def _gets(proxy: FaultProxy, name: str) -> int:
    return sum(request.method == "GET" and name in request.target for request in proxy.log)


def test_a_model_goes_to_s3_and_comes_back_the_same(
    storage: Storage, source_model: Path, uri: str, tmp_path: Path
) -> None:
    put_model(source_model, uri, storage)
    expected = open_model(str(source_model))
    model = open_stored(f"{uri}/", storage)
    assert (model.name, model.digest, model.manifest) == (expected.name, expected.digest, expected.manifest)
    assert model.path == tmp_path / "cache" / "radray" / "models" / expected.digest
    assert open_model(str(model.path)).digest == expected.digest
    assert (model.path / "model.safetensors").read_bytes() == (source_model / "model.safetensors").read_bytes()
    # on S3 it is a Hugging Face folder as it is on disk
    names = [file.removeprefix(f"{uri}/") for file in storage.list_files(uri)]
    assert sorted(names) == sorted([*expected.manifest.files, MANIFEST])


def test_the_manifest_goes_last_and_what_is_there_is_not_sent_again(
    storage: Storage, source_model: Path, uri: str, proxy: FaultProxy
) -> None:
    put_model(source_model, uri, storage)
    puts = [request.target.split("?")[0].rsplit("/", 1)[-1] for request in proxy.log if request.method == "PUT"]
    assert puts[-1] == MANIFEST
    assert puts.count(MANIFEST) == 1
    proxy.plan()
    put_model(source_model, uri, storage)
    assert [request.method for request in proxy.log if request.method != "GET"] == []


def test_another_node_fetches_it_for_itself_and_the_same_node_once(
    storage: Storage, source_model: Path, uri: str, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_model(source_model, uri, storage)
    # as it is sent to an actor: no client goes with it
    model = pickle.loads(pickle.dumps(open_stored(uri, storage)))
    assert isinstance(model, StoredModel)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "node-2"))
    proxy.plan()
    with ThreadPoolExecutor(4) as actors:
        here = list(actors.map(lambda _: on_this_node(model, CheckedFiles("run-1")), range(4)))
    assert {copy.path for copy in here} == {tmp_path / "node-2" / "radray" / "models" / model.digest}
    assert open_model(str(here[0].path)).digest == model.digest
    assert _gets(proxy, "model.safetensors") == 1
    proxy.plan()
    assert open_stored(uri, storage).path == here[0].path
    assert _gets(proxy, "model.safetensors") == 0


def test_an_actor_on_another_node_writes_with_it(
    storage: Storage, source_model: Path, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_model(source_model, uri, storage)
    model = pickle.loads(pickle.dumps(open_stored(uri, storage)))
    shutil.rmtree(model.path)  # the other node's disk
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "node-2"))
    settings = GenerateSettings(engine="ctranslate2", max_new_tokens=5, num_beams=2)
    written = WriteImpressions(model, find_prompt("findings-v1"), settings, run_id="run-2")(reports(2))
    expected = WriteImpressions(open_model(str(source_model)), find_prompt("findings-v1"), settings)(reports(2))
    assert written.to_pylist() == expected.to_pylist()
    cache = tmp_path / "node-2" / "radray"
    assert [path.name for path in (cache / "models").iterdir()] == [model.digest]
    assert [path.name[:64] for path in (cache / "ctranslate2").iterdir()] == [model.digest]
    assert not model.path.exists()


def test_training_reports_travel_with_their_model_and_are_verified(
    storage: Storage, source_model: Path, uri: str, tmp_path: Path
) -> None:
    carrier = tmp_path / "carrier"
    shutil.copytree(source_model, carrier)
    report = {"unit_id": "u1", "subject": None, "findings": "Small left effusion.", "impression": "Left effusion."}
    write_neighbours(pa.Table.from_pylist([report], schema=COLUMNS), carrier)
    digest = write_manifest(carrier, "chest", {}).digest
    assert digest != open_model(str(source_model)).digest
    put_model(carrier, uri, storage)
    fetched = open_stored(uri, storage)
    assert fetched.digest == digest
    asked = {"unit_id": "u2", "subject_id": None, "findings": "Left effusion."}
    ((nearest,),) = read_neighbours(fetched.path).nearest([asked], 3)
    assert nearest.impression == "Left effusion."
    # a byte that changed on the node is fetched anew; one that changed on S3 is no part of the model
    place = fetched.path / NEIGHBOURS
    whole = place.read_bytes()
    place.write_bytes(whole[:-1] + b"?")
    assert (open_stored(uri, storage).path / NEIGHBOURS).read_bytes() == whole
    shutil.rmtree(fetched.path)
    storage.write(f"{uri}/{NEIGHBOURS}", whole[:-1] + b"?")
    with pytest.raises(
        InputError, match=rf"^model {uri}: {NEIGHBOURS} is not the file that its manifest\.json lists"
    ) as e:
        open_stored(uri, storage)
    assert len(str(e.value).splitlines()) == 1
    assert "effusion" not in str(e.value)
    assert not fetched.path.exists()


def test_training_reports_that_are_no_parquet_are_one_line(tmp_path: Path) -> None:
    (tmp_path / NEIGHBOURS).write_bytes(b"PAR1 left effusion PAR1")
    with pytest.raises(InputError, match=rf"{NEIGHBOURS} cannot be read; fine-tune the model again$") as e:
        read_neighbours(tmp_path)
    assert "effusion" not in str(e.value)


def test_a_local_model_stays_where_it_is(storage: Storage, source_model: Path, proxy: FaultProxy) -> None:
    model = open_stored(str(source_model), storage)
    assert on_this_node(model) is model
    assert model == open_model(str(source_model))
    assert proxy.log == []


def test_a_damaged_copy_is_fetched_anew(storage: Storage, source_model: Path, uri: str, proxy: FaultProxy) -> None:
    put_model(source_model, uri, storage)
    model = open_stored(uri, storage)
    weights = model.path / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    proxy.plan()
    again = open_stored(uri, storage)
    assert open_model(str(again.path)).digest == model.digest
    assert _gets(proxy, "model.safetensors") == 1


def test_a_fetch_that_was_killed_is_begun_again(storage: Storage, source_model: Path, uri: str, tmp_path: Path) -> None:
    put_model(source_model, uri, storage)
    code = "import os, sys, pickle, signal; from radray.models import store\n"
    code += "store.store_manifest = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    code += "store.open_stored(sys.argv[1], pickle.loads(bytes.fromhex(sys.argv[2])))"
    command = [sys.executable, "-c", code, uri, pickle.dumps(storage).hex()]
    assert subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=False).returncode == -9
    place = tmp_path / "cache" / "radray" / "models"
    assert [entry.suffix for entry in place.iterdir()] == [".partial"]
    assert open_model(str(open_stored(uri, storage).path)).digest == open_model(str(source_model)).digest


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (Fault.LOST, 64 << 20),
        (Fault.FLIPPED_IN, 64 << 20),
        (Fault.SLOW_DOWN, 5 << 20),
        (Fault.LOST, 5 << 20),
        (Fault.FLIPPED_IN, 5 << 20),
    ],
)
def test_a_fault_while_uploading_is_asked_again(
    fault: Fault,
    part: int,
    storage: Storage,
    source_model: Path,
    uri: str,
    proxy: FaultProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tmp_path / "big"
    shutil.copytree(source_model, source)
    (source / "more.safetensors").write_bytes(os.urandom(6 << 20))
    manifest = write_manifest(source, "big", {})
    config = TransferConfig(multipart_threshold=part, multipart_chunksize=part)
    monkeypatch.setattr(transfers, "CONFIG", config)
    multipart = part < 6 << 20
    operation = Operation.MULTIPART if multipart else Operation.PUT
    # of an upload in parts: making it, or putting it together
    method = "POST" if multipart and fault is not Fault.FLIPPED_IN else "PUT"
    proxy.plan(Rule(fault, operation, key="more.safetensors", method=method, first=2 if method == "POST" else 1))
    put_model(source, uri, storage)
    assert proxy.count(fault, operation) == 1
    proxy.plan()
    assert open_stored(uri, storage).digest == manifest.digest


@pytest.mark.parametrize("fault", [Fault.FLIPPED, Fault.TRUNCATED, Fault.RESET])
def test_a_fault_while_fetching_is_asked_again(
    fault: Fault, storage: Storage, source_model: Path, uri: str, proxy: FaultProxy
) -> None:
    put_model(source_model, uri, storage)
    proxy.plan(Rule(fault, Operation.GET, key="model.safetensors", method="GET"))
    model = open_stored(uri, storage)
    assert proxy.count(fault) == 1
    assert (model.path / "model.safetensors").read_bytes() == (source_model / "model.safetensors").read_bytes()


def test_an_upload_that_is_refused_leaves_no_model_and_can_be_done_again(
    storage: Storage, source_model: Path, uri: str, proxy: FaultProxy, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(source_model, other)
    write_manifest(other, "other", {"seed": 2})
    put_model(other, uri, storage)
    proxy.plan(Rule(Fault.FORBIDDEN, Operation.PUT, key="model.safetensors", count=None))
    with pytest.raises(
        RadrayError, match=r"model\.safetensors: cannot be written: AccessDenied \(HTTP 403\)"
    ) as refused:
        put_model(source_model, uri, storage)
    assert "\n" not in str(refused.value)
    assert proxy.count(Fault.FORBIDDEN) >= 1
    with pytest.raises(InputError, match=r"there is no manifest\.json: no model, or one that was not uploaded"):
        open_stored(uri, storage)
    proxy.plan()
    put_model(source_model, uri, storage)
    assert open_stored(uri, storage).name == "chest"


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_files_that_are_not_the_manifests_are_refused_by_name(
    how: str, storage: Storage, source_model: Path, uri: str, tmp_path: Path
) -> None:
    put_model(source_model, uri, storage)
    place = f"{uri}/tokenizer.json"
    if how == "gone":
        storage.remove_object(place)
    else:
        storage.write(place, storage.read(place) + b" ")
    with pytest.raises(InputError, match=rf"^model {uri}: tokenizer\.json is not the file that its manifest"):
        open_stored(uri, storage)
    assert list((tmp_path / "cache" / "radray" / "models").iterdir()) == []


def test_a_full_disk_while_fetching_is_one_line(
    storage: Storage, source_model: Path, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_model(source_model, uri, storage)
    code = "import sys, pickle, resource; from radray.errors import RadrayError\n"
    code += "from radray.models.store import open_stored\n"
    code += "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, resource.RLIM_INFINITY))\n"
    code += "try: open_stored(sys.argv[1], pickle.loads(bytes.fromhex(sys.argv[2])))\n"
    code += "except RadrayError as error: print(error)"
    command = [sys.executable, "-c", code, uri, pickle.dumps(storage).hex()]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=True, capture_output=True, text=True)
    assert len(done.stdout.splitlines()) == 1
    assert "File too large" in done.stdout
    assert "make room" in done.stdout
    assert list((tmp_path / "cache" / "radray" / "models").iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"name": "m", "files": {"../a": {"sha256": "0", "bytes": 1}}, "made": {}}']
)
def test_a_manifest_that_makes_no_sense_is_refused(content: bytes, storage: Storage, uri: str) -> None:
    storage.write(f"{uri}/{MANIFEST}", content)
    with pytest.raises(
        InputError, match=rf"^model folder {uri}: manifest\.json (is not a manifest|lists a file outside)"
    ):
        open_stored(uri, storage)
