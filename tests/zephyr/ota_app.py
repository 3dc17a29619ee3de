"""The application `ota` with a contract, a locked model and its references, built once with MCUboot; and images of it,
as a manufacturer, a careless one or an attacker would make them. Nothing is built anew for them: what differs is
written into the linked image, which is then signed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlforge.bundle.block import Block, Version, decode, encode
from mlforge.bundle.extract import find_block
from mlforge.bundle.sign import read_words, sign
from mlforge.toolchain.files import locked, made_once, sha256, write_atomically
from mlforge.toolchain.zephyr import ZephyrBuild
from tests.programs.bundled_app import bundled_app
from tests.unit.bundle.images import imgtool
from tests.zephyr.mcuboot import NOTHING_TO_BOOT, Board, Device, Flash
from tests.zephyr.workspace import WARNINGS_ARE_ERRORS, Workspace

HERE = Path(__file__).parent
OLD, NEW = "1.0.0", "1.1.0"  # the linked image is OLD
GOOD = "good"
MARK = b"behaviour:"


@dataclass(frozen=True)
class Ota:
    """What was built for a board."""

    board: Board
    build: Path  # of sysbuild, with a directory for each image
    key: Path

    @property
    def public_key(self) -> Path:
        return self.key.with_suffix(".pub")

    @property
    def bootloader(self) -> Path:
        return self.build / "mcuboot" / "zephyr" / "zephyr.elf"

    def signed(
        self,
        version: str = OLD,
        behaviour: str = GOOD,
        *,
        key: Path | None = None,
        change: Callable[[Block], Block] = lambda block: block,
    ) -> bytes:
        """An image of another version, that behaves otherwise, signed with another key, or with another block."""
        firmware = Version.parse(version)
        linked = (self.build / "app" / "zephyr" / "zephyr.bin").read_bytes()
        before = find_block(linked)
        block = decode(before)
        after = encode(change(replace(block, versions=replace(block.versions, firmware=firmware))))
        assert len(after) == len(before)
        linked = linked.replace(before, after)
        assert linked.count(MARK + GOOD.encode()) == 1
        linked = linked.replace(MARK + GOOD.encode(), MARK + behaviour[: len(GOOD)].ljust(len(GOOD)).encode())
        name = sha256(linked + str(key).encode())
        unsigned = self.build / f"{name}.unsigned.bin"

        def make(signed: Path) -> None:
            write_atomically(unsigned, linked)
            words = read_words(self.build / "app" / "mlforge" / "signing.json")
            at = words.index("--version") + 1
            sign(unsigned, signed, key or self.key, (*words[:at], version, *words[at + 1 :]))

        # ECDSA signs differently each time: signed once, or two workers would speak of two images.
        return made_once(self.build / f"{name}.signed.bin", make).read_bytes()


def make_app(directory: Path) -> Path:
    """Copies the application, and puts beside it what a study would have left."""
    app = shutil.copytree(HERE / "ota", directory / "app")
    return bundled_app(app, f"bundle: {{version: {OLD}, thresholds: {{enter: 0.4}}}}\n")


def build_ota(zephyr: Workspace, board: Board, shared: Path, signature: str = "ecdsa-p256") -> Ota:
    """Builds in a directory that several processes may share: the first one builds, the others wait for it. MCUboot
    then takes what is signed with a new key of that kind."""
    shared.mkdir(parents=True, exist_ok=True)
    key, build, done = shared / "key.pem", shared / "build", shared / "done"
    with locked(shared / "lock"):
        if not done.exists():
            shutil.rmtree(shared / "app", ignore_errors=True)
            shutil.rmtree(build, ignore_errors=True)
            imgtool("keygen", "-t", signature, "-k", str(key))
            imgtool("getpub", "-k", str(key), "-e", "pem", "-o", str(key.with_suffix(".pub")))
            kind = f"SB_CONFIG_BOOT_SIGNATURE_TYPE_{signature.upper().replace('-', '_')}"
            settings = {"SB_CONFIG_BOOT_SIGNATURE_KEY_FILE": f'"{key}"', kind: "y", **WARNINGS_ARE_ERRORS}
            app = make_app(shared)
            zephyr.real.build(ZephyrBuild(app, build, board.name, settings=settings, sysbuild=True))
            done.touch()
    return Ota(board, build, key)


def shared_by(base: Path, board: Board) -> Path:
    """One directory for all workers of a run of pytest: `base` is a worker's own, inside the run's."""
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return run / f"ota-{board.machine}"


@dataclass
class Field:
    """Devices with images of one build. Their consoles are kept in `directory`."""

    ota: Ota
    directory: Path
    _devices: list[Device] = field(default_factory=list)

    def flash(self, image: bytes, update: bytes = b"") -> Flash:
        """A flash as a factory leaves it with `image`, and with an update that MCUboot is asked to try."""
        flash = Flash.erased(self.directory / f"flash-{len(self._devices)}", self.ota.board)
        flash.install(0, image)
        if update:
            flash.install(1, update, test=True)
        return flash

    def device(self, image: bytes, update: bytes = b"", cut_after: int | None = None) -> Device:
        """Switched on, as by `Device.start`."""
        device = Device(self.ota.bootloader, self.flash(image, update), self.directory / f"{len(self._devices)}.log")
        self._devices.append(device)
        device.start(cut_after)
        return device

    def off(self) -> None:
        """Those that there are; others may follow."""
        for device in self._devices:
            device.discard()


def runs(device: Device) -> str:
    """The version of the bundle that is up and has had its say; empty where MCUboot has nothing to boot."""
    return device.wait_for(rf"app (\S+) running|{NOTHING_TO_BOOT}")[1] or ""


def update(device: Device, image: bytes) -> None:
    """Uploads an image, asks MCUboot to try it, and resets, as any client of SMP."""
    with device.smp() as client:
        for _ in client.upload(image):
            pass
        [uploaded] = [slot for slot in client.slots() if slot.number == 1]
        client.try_next(uploaded.digest)
        client.reset()
