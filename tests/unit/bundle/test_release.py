"""Releases from a build directory, without Zephyr: what is written, what is refused, what refusing leaves: nothing."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlforge.app.build_step import app_sources
from mlforge.app.lockfile import read_lock
from mlforge.bundle.assemble import assemble
from mlforge.bundle.block import encode
from mlforge.bundle.built import Built, find
from mlforge.bundle.manifest import Manifest, parse_manifest, read_manifest, revision
from mlforge.bundle.release import Options, Release, check_sources, make_release
from mlforge.bundle.signed_image import parse_image
from mlforge.cli.main import main
from mlforge.contract.contract import Contract
from mlforge.contract.load import load_contract
from mlforge.errors import BundleError
from mlforge.records.lock import Lock
from mlforge.toolchain.process import run
from tests.programs.locked_app import locked_app
from tests.unit.bundle import images

TOOLS = {"mlforge": "1"}
WORDS = ["--version", "0.0.0+0", *images.SIGNING[2:]]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return with_bundle(locked_app(tmp_path / "app"), "1.2.0")


def with_bundle(app: Path, version: str) -> Path:
    contract = app / "mlforge.yaml"
    contract.write_text(f"{contract.read_text().partition('bundle:')[0]}bundle: {{version: {version}}}\n")
    return app


def built(app: Path) -> Built:
    """What `west build` would leave behind, of this app as it is now."""
    sources, image = app_sources(app), app.parent / "build"
    block = assemble(sources.contract, sources.lock, sources.compiled.outputs[0], None, "mps2/an385")
    (image / "zephyr").mkdir(parents=True, exist_ok=True)
    (image / "mlforge").mkdir(exist_ok=True)
    images.unsigned(image / "zephyr" / "zephyr.bin", encode(block))
    (image / "zephyr" / ".config").write_text('CONFIG_KERNEL_BIN_NAME="zephyr"\n')
    (image / "mlforge" / "signing.json").write_text(json.dumps(WORDS))
    return find(image)


def release(app: Path, **options: object) -> Release:
    wanted = {"output": app.parent / "out" / "activity.signed.bin", "key": images.keys().private, **options}
    contract, lock = sources(app)
    return make_release(contract, lock, built(app), Options(**wanted), TOOLS)  # type: ignore[arg-type]


def sources(app: Path) -> tuple[Contract, Lock]:
    return load_contract(app), read_lock(app)


def test_a_release_says_what_it_was_made_from(app: Path) -> None:
    made = release(app)
    manifest = read_manifest(made.manifest_file)
    assert manifest == made.manifest
    assert manifest.versions == dict.fromkeys(("firmware", "model", "thresholds", "calibration"), "1.2.0")
    assert set(manifest.inputs) >= {"mlforge.yaml", "mlforge.lock.yaml", "model/activity.tflite", "build/.config"}
    assert manifest.inputs["model/activity.tflite"] == manifest.model_sha256 == read_lock(app).model.sha256
    assert manifest.verdict == manifest.lock["verdict"]
    assert manifest.signer is not None
    assert manifest.signer.kind == "ecdsa-p256"
    assert "secret-one" not in made.manifest_file.read_text()
    assert not manifest.sbom.files
    assert "west spdx --init" in manifest.sbom.unavailable
    assert parse_image(made.image.read_bytes()).version == manifest.version


def test_the_same_inputs_give_the_same_release(app: Path) -> None:
    """Ed25519 signs without chance."""
    one, other = (
        release(app, key=images.keys("ed25519").private, output=app.parent / name / "a.bin") for name in ("x", "y")
    )
    assert one.image.read_bytes() == other.image.read_bytes()
    assert one.manifest_file.read_text() == other.manifest_file.read_text()


def test_downgrades(app: Path) -> None:
    first = release(app).manifest_file.read_bytes()
    with_bundle(app, "1.1.9")
    with pytest.raises(BundleError, match=r"older than the release before it, 1\.2\.0"):
        release(app)
    assert (app.parent / "out" / "bundle.json").read_bytes() == first
    older = release(app, output=app.parent / "elsewhere" / "a.bin")
    assert str(older.manifest.version) == "1.1.9"
    with pytest.raises(BundleError, match="older"):
        release(app, output=app.parent / "third" / "a.bin", previous=app.parent / "out" / "bundle.json")
    assert str(release(app, downgrade=True).manifest.version) == "1.1.9"


def test_a_changed_contract_is_no_release(app: Path) -> None:
    contract, lock = sources(app)
    other = replace(contract, digest="0" * 64)
    with pytest.raises(BundleError, match="has changed since its model was locked"):
        check_sources(other, lock, Options(app.parent / "a.bin"))


def test_a_stale_build_is_no_release(app: Path) -> None:
    """Another model, and another version, than the image has: told, and nothing is left behind."""
    contract, lock = sources(app)
    old = built(app)
    output = app.parent / "out" / "a.bin"
    options = Options(output, key=images.keys().private)
    stranger = replace(lock, model=replace(lock.model, sha256="0" * 64))
    with pytest.raises(BundleError, match="not a release: model: the bundle is of another model"):
        make_release(contract, stranger, old, options, TOOLS)
    with pytest.raises(BundleError, match=r"built from another contract: it has firmware 1\.2\.0"):
        make_release(load_contract(with_bundle(app, "1.3.0")), lock, old, options, TOOLS)
    assert not [path for path in output.parent.iterdir() if path.is_file()]


def test_without_a_private_key_the_image_is_the_builds(app: Path) -> None:
    place = built(app)
    with pytest.raises(BundleError, match="cannot be read"):
        release(app, key=None)
    words = [*images.SIGNING[2:], "--version", "1.2.0"]
    from mlforge.bundle.sign import sign

    sign(place.unsigned, place.signed, images.keys().private, words)
    made = release(app, key=images.keys().public)
    assert made.image.read_bytes() == place.signed.read_bytes()
    assert release(app, key=None).manifest.signer is None
    with pytest.raises(BundleError, match="signature"):
        release(app, key=images.keys("ecdsa-p256", "other").public)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (images.keys().public, False),
        (images.keys(name="two").private, True),
        (images.keys("ed25519").private, True),
        (Path("absent.pem"), False),
    ],
)
def test_a_bootloader_that_takes_another_key_is_told(app: Path, file: Path, told: bool) -> None:
    beside = built(app)
    with (beside.directory / "zephyr" / ".config").open("a") as configuration:
        configuration.write(f'CONFIG_MCUBOOT_SIGNATURE_KEY_FILE="{file}"\n')
    said: list[str] = []
    options = Options(output=app.parent / "out" / "activity.signed.bin", key=images.keys().private)
    make_release(*sources(app), beside, options, TOOLS, said.append)
    assert any("will not boot this image" in line for line in said) is told
    assert not any("secret" in line for line in said)


def test_build_directories_without_a_bundle(tmp_path: Path, app: Path) -> None:
    with pytest.raises(BundleError, match="no signed images"):
        find(tmp_path / "nothing")
    built(app)
    assert find(app.parent).directory == app.parent / "build"  # as sysbuild nests it


def test_the_commit_is_named(tmp_path: Path) -> None:
    assert revision(tmp_path).commit == ""
    for words in (
        ("init", "-q"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"),
    ):
        assert run(["git", "-C", tmp_path, *words], timeout_s=20).status == 0
    clean = revision(tmp_path)
    assert (len(clean.commit), clean.dirty) == (40, False)
    (tmp_path / "new").touch()
    assert revision(tmp_path).dirty


def test_verify_on_the_command_line(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = release(app)
    words = ["bundle", str(app), "--verify", str(made.image), "--key", str(images.keys().public)]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sound"]
    assert {check["state"] for check in found["checks"].values()} == {"passed"}
    data = bytearray(made.image.read_bytes())
    data[0x300] ^= 1
    made.image.write_bytes(data)
    assert main(words) == 1
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines() if "failed" in line] == ["hash", "signature"]


def manifest_text(app: Path) -> str:
    return release(app).manifest_file.read_text()


def test_manifests_from_strangers(app: Path) -> None:
    """Any change either still is a manifest that is written as it was read, or is refused by type."""
    text = manifest_text(app)
    chance = random.Random(1)
    for _ in range(300):
        data = bytearray(text.encode())
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = bytes(chance.randrange(256) for _ in range(chance.randrange(3)))
        _read_or_refused(bytes(data))
    for key in json.loads(text):
        without = {name: value for name, value in json.loads(text).items() if name != key}
        for wrong in (without, {**without, key: 3.5}, {**without, key: [None]}):
            with pytest.raises(BundleError):
                parse_manifest(json.dumps(wrong).encode())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_anything_else_is_no_manifest(data: bytes | str) -> None:
    with pytest.raises(BundleError):
        parse_manifest(data if isinstance(data, bytes) else data.encode())


def test_deep_and_large_manifests(tmp_path: Path) -> None:
    for data in (b'{"format":1,"lock":' + b"[" * 200000, bytes(5 << 20), b'{"format":true}', b'{"format":2}'):
        with pytest.raises(BundleError):
            parse_manifest(data)
    with pytest.raises(BundleError, match="cannot be read"):
        read_manifest(tmp_path / "missing.json")


def _read_or_refused(data: bytes) -> None:
    try:
        manifest: Manifest = parse_manifest(data)
    except BundleError:
        return
    assert parse_manifest(manifest.to_json().encode()) == manifest
