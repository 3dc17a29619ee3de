"""Makes the release of an app: builds it (or what is out of date in a build directory), signs it, verifies the signed
image and writes bundle.json beside it. With --verify, it checks a signed image and prints the result of each check.

Exit status: 0 done, or all checks passed; 1 an error, or a check failed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mlforge.cli.common import add_json, console, print_json
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.bundle.verification import Verification


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "app",
        metavar="APP",
        nargs="?",
        type=Path,
        help="the directory of mlforge.yaml (default: here). With --verify, the image is compared with it if given",
    )
    parser.add_argument("--verify", metavar="FILE", type=Path, help="check this signed image (.bin or .hex) instead")
    parser.add_argument(
        "--key",
        metavar="K",
        type=Path,
        help="a PEM file. A private key signs the image. With a public key, or none, the image stays as the build "
        "signed it; a public key also checks the signer. With --verify, either kind checks the signer",
    )
    parser.add_argument("-d", "--build-dir", metavar="BUILD", type=Path, help="default: APP/build")
    parser.add_argument(
        "-o", "--output", metavar="F", type=Path, help="the signed image (default: BUILD/bundle/NAME.signed.bin)"
    )
    parser.add_argument("--previous", metavar="F", type=Path, help="bundle.json of the previous release")
    parser.add_argument(
        "--allow-downgrade", action="store_true", help="accept a version older than the previous release"
    )
    parser.add_argument(
        "--allow-development-key", action="store_true", help="accept a key from MCUboot's repository, which is public"
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    return _verify(arguments) if arguments.verify else _release(arguments)


def _verify(arguments: argparse.Namespace) -> Status:
    from mlforge.app.lockfile import read_lock
    from mlforge.bundle.keys import read_key
    from mlforge.bundle.verification import Expected, verify
    from mlforge.contract.load import load_contract

    app: Path | None = arguments.app
    expected = Expected(
        key=read_key(arguments.key) if arguments.key else None,
        contract=load_contract(app).digest if app else "",
        model=read_lock(app).model.sha256 if app else "",
        development=arguments.allow_development_key,
    )
    found = verify(arguments.verify, expected)
    if arguments.json:
        print_json(_as_json(found))
    else:
        _show(found)
    return Status.DONE if found.sound else Status.ERROR


def _release(arguments: argparse.Namespace) -> Status:
    from mlforge.app.lockfile import locked_model, read_lock
    from mlforge.bundle.built import make
    from mlforge.bundle.release import Options, check_sources, make_release
    from mlforge.contract.load import load_contract
    from mlforge.study.winner.provenance import tool_versions

    contract = load_contract(arguments.app or Path())
    lock = read_lock(contract.app_dir)
    locked_model(contract.app_dir, lock)
    directory: Path = arguments.build_dir or contract.app_dir / "build"
    options = Options(
        output=arguments.output or directory / "bundle" / f"{contract.name}.signed.bin",
        key=arguments.key,
        previous=arguments.previous,
        downgrade=arguments.allow_downgrade,
        development=arguments.allow_development_key,
    )
    check_sources(contract, lock, options)
    say: Callable[[str], None] = _silent if arguments.json else _say
    say(f"building {contract.app_dir} in {directory}")
    built = make(contract, directory)
    tools = tool_versions(("arm-none-eabi-gcc", "cmake", "ninja"))
    release = make_release(contract, lock, built, options, tools, say)
    if arguments.json:
        checks = _as_json(release.verification)
        print_json({"image": str(release.image), "manifest": str(release.manifest_file), "verification": checks})
        return Status.DONE
    _show(release.verification)
    if release.manifest.sbom.unavailable:
        say(f"note: no SBOM: {release.manifest.sbom.unavailable}")
    say(f"{release.image} is release {release.manifest.version}; {release.manifest_file} says what it was made from")
    return Status.DONE


def _silent(text: str) -> None:
    pass


def _say(text: str) -> None:
    console().print(text, soft_wrap=True)


def _show(found: Verification) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("check", "result", ""):
        table.add_column(heading)
    for finding in found.findings:
        table.add_row(str(finding.check), str(finding.state), finding.text)
    console().print(table)


def _as_json(found: Verification) -> dict[str, object]:
    checks = {str(one.check): {"state": str(one.state), "text": one.text} for one in found.findings}
    return {"sound": found.sound, "failed": [str(check) for check in found.failed], "checks": checks}
