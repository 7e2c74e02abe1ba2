import hashlib
import json
import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

from radray.errors import InputError
from radray.models.folder import open_model
from radray.models.manifest import MANIFEST, FileEntry, Manifest, write_manifest


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "model"
    shutil.copytree(tiny_folder, copy)
    write_manifest(copy, "chest", {"seed": 3, "metrics": {"best_val_loss": 0.5}})
    return copy


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the hub, which has nothing."""
    asked: list[str] = []

    def snapshot_download(repo_id: str, **_: object) -> str:
        asked.append(repo_id)
        raise OSError

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    return asked


def test_manifest_is_the_canonical_json_and_the_digest_its_sha256() -> None:
    manifest = Manifest("m", {"b": FileEntry("22", 2), "a/c": FileEntry("11", 1)}, {"é": [1]})
    assert manifest.to_json().decode() == (
        "{\n"
        '  "files": {\n'
        '    "a/c": {\n      "bytes": 1,\n      "sha256": "11"\n    },\n'
        '    "b": {\n      "bytes": 2,\n      "sha256": "22"\n    }\n'
        "  },\n"
        '  "made": {\n    "é": [\n      1\n    ]\n  },\n'
        '  "name": "m"\n'
        "}\n"
    )
    assert manifest.digest == hashlib.sha256(manifest.to_json()).hexdigest()


def test_manifest_lists_every_file_with_its_sha256_and_size(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "config.json").write_bytes(b"{}")
    (tmp_path / "part" / "w.safetensors").write_bytes(b"abc")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "lock").write_bytes(b"x")
    manifest = write_manifest(tmp_path, "m", {})
    assert manifest.files == {
        "config.json": FileEntry("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", 2),
        "part/w.safetensors": FileEntry("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3),
    }
    assert hashlib.sha256((tmp_path / MANIFEST).read_bytes()).hexdigest() == manifest.digest
    assert sorted(path.name for path in tmp_path.iterdir()) == [".cache", "config.json", MANIFEST, "part"]


def test_writing_a_manifest_again_gives_the_same_digest(folder: Path) -> None:
    digest = open_model(str(folder)).digest
    assert write_manifest(folder, "chest", {"seed": 3, "metrics": {"best_val_loss": 0.5}}).digest == digest


def test_a_folder_without_files_has_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files"):
        write_manifest(tmp_path, "m", {})


def test_opening_a_folder_with_manifest_gives_its_name_and_what_made_it(folder: Path) -> None:
    model = open_model(str(folder))
    assert (model.name, model.path) == ("chest", folder)
    assert model.manifest.provenance == {"seed": 3, "metrics": {"best_val_loss": 0.5}}
    assert model.digest == hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def test_a_plain_hugging_face_folder_keeps_its_name_and_is_left_alone(tiny_folder: Path) -> None:
    model = open_model(str(tiny_folder))
    assert (model.name, model.manifest.provenance) == ("tiny", {})
    assert set(model.manifest.files) == {path.name for path in tiny_folder.iterdir()}
    assert not (tiny_folder / MANIFEST).exists()


def test_the_digest_of_a_plain_folder_follows_its_bytes(tiny_folder: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "a" / "tiny", tmp_path / "b" / "tiny"
    shutil.copytree(tiny_folder, same)
    shutil.copytree(tiny_folder, other)
    (other / "config.json").write_text((other / "config.json").read_text() + " ")
    assert open_model(str(same)).digest == open_model(str(tiny_folder)).digest != open_model(str(other)).digest


def test_one_flipped_bit_in_the_weights_is_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(InputError, match=f"model folder {folder}: the sha256 of model.safetensors differs"):
        open_model(str(folder))
    assert open_model(str(folder), verify=False).name == "chest"


@pytest.mark.parametrize("file", ["tokenizer.json", "config.json", "model.safetensors"])
def test_a_missing_file_is_refused_by_name(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(InputError, match=f"model folder {folder}: {file} is missing"):
        open_model(str(folder))


def test_another_size_is_refused_with_both_sizes(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"config.json has 2 bytes, manifest.json says \d{3,}"):
        open_model(str(folder))


@pytest.mark.parametrize(
    "extra", ["adapter.safetensors", "pytorch_model.bin", "added_tokens.json", "modeling.py", "neighbours.parquet", "x"]
)
def test_a_file_that_a_loader_may_pick_up_must_be_listed(folder: Path, extra: str) -> None:
    (folder / extra).write_text("{}")
    with pytest.raises(InputError, match=f"model folder {folder}: {extra} is not listed"):
        open_model(str(folder))


def test_a_readme_may_stand_beside_the_listed_files(folder: Path) -> None:
    (folder / "README.md").write_text("About this model.")
    assert open_model(str(folder)).name == "chest"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a manifest"),
        ("[]", "not a manifest"),
        ('{"name": "m", "files": {"a": {}}, "made": {}}', "not a manifest"),
        ('{"name": "m", "files": {"a": {"sha256": "0", "bytes": 1}}, "made": {}}', "not a manifest"),
        ('{"name": "m", "files": {}, "made": {"erased": 1}}', "not a manifest"),
        ('{"name": "m\\u001b[2J", "files": {}, "made": {}}', "not a manifest"),
        (json.dumps({"name": "m" * 10_000, "files": {}, "made": {}}), "not a manifest"),
        (json.dumps({"name": "m", "files": {}, "made": {"why": "m" * 5_000_000}}), "more than 4,194,304 bytes"),
        ("[" * 100_000, "not a manifest"),
        *(
            (json.dumps({"name": "m", "files": {path: {"sha256": "0" * 64, "bytes": 1}}, "made": {}}), "hidden one")
            for path in (
                "../a",
                "/etc/a",
                "a/../../b",
                ".w/a",
                "a/.b",
                "a//b",
                "./a",
                "a\x1b",
                "a\\b",
                "",
                "manifest.json",
            )
        ),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(folder: Path, content: str, message: str) -> None:
    (folder / MANIFEST).write_text(content)
    with pytest.raises(InputError, match=message):
        open_model(str(folder))


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config.json"):
        open_model(str(tmp_path))


def test_pickled_weights_are_refused(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((tiny_folder / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04N.")
    with pytest.raises(InputError, match=r"no \*.safetensors weights"):
        open_model(str(tmp_path))


def test_the_folder_that_finetune_writes_is_not_looked_for_on_the_hub() -> None:
    with pytest.raises(InputError, match=r"^model out/no-such: there is no such folder: run jobs\.finetune"):
        open_model("out/no-such")


@pytest.mark.parametrize("start", ["/", "./", "../", "~/"])
def test_a_path_that_is_not_there_is_not_looked_for_on_the_hub(start: str) -> None:
    with pytest.raises(InputError, match=r"there is no such folder$"):
        open_model(f"{start}no-such-model-here")


def test_a_file_is_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "model.zip").touch()
    with pytest.raises(InputError, match=r"model.zip: not a folder"):
        open_model(str(tmp_path / "model.zip"))


@pytest.mark.parametrize("uri", ["no/such/model", "s3://bucket/model", "a b", "chest"])
def test_a_name_without_a_scheme_is_a_folder_and_never_downloaded(uri: str, online: list[str]) -> None:
    with pytest.raises(InputError, match=r"there is no such folder$"):
        open_model(uri)
    with pytest.raises(InputError, match=r"no such folder; a model of the Hugging Face hub is written hf://google/t5$"):
        open_model("google/t5")
    assert online == []


@pytest.mark.parametrize("uri", ["hf://a/b/c", "hf://", "hf://a/../b", "hf://a/b@main", "hf://a/b@" + "0" * 39])
def test_what_names_no_model_of_the_hub_is_refused_without_network(uri: str, online: list[str]) -> None:
    with pytest.raises(InputError, match=r"not hf://organisation/name"):
        open_model(uri)
    assert online == []


def test_no_name_is_not_the_working_folder() -> None:
    with pytest.raises(InputError, match="no model was named"):
        open_model("")


def test_a_hub_id_offline_says_what_was_tried_and_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"^model hf://google/flan-t5-none: .*huggingface.co .*model\.init=tiny"):
        open_model("hf://google/flan-t5-none")


def test_a_model_of_the_hub_is_pinned_and_has_files_of_its_own(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0" * 39 + "1"
    snapshot = tmp_path / "hub" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for number, file in enumerate(sorted(tiny_folder.iterdir())):  # as the hub's client keeps them
        shutil.copy(file, tmp_path / "hub" / str(number))
        (snapshot / file.name).symlink_to(Path("..") / ".." / str(number))
    (snapshot / "modeling.py").write_text("raise SystemExit")
    asked: list[tuple[str, str | None]] = []

    def snapshot_download(repo_id: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((repo_id, revision))
        return str(snapshot)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    model = open_model(f"hf://chest/tiny@{commit}")
    assert (model.name, model.path) == ("chest/tiny", tmp_path / f"cache/radray/hub/chest--tiny-{commit}")
    assert sorted(path.name for path in model.path.iterdir()) == sorted(path.name for path in tiny_folder.iterdir())
    assert not any(path.is_symlink() for path in model.path.iterdir())
    assert open_model("hf://chest/tiny").digest == model.digest
    assert asked == [("chest/tiny", commit), ("chest/tiny", None)]


def test_made_must_be_json_with_finite_numbers(folder: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_manifest(folder, "m", {"loss": float("nan")})
    assert json.loads((folder / MANIFEST).read_text())["name"] == "chest"
