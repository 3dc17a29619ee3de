"""`python -m mlforge COMMAND` and `west mlforge COMMAND`: picks the command, imports only that one, turns errors into
exit statuses."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NoReturn, Protocol, cast

from mlforge import __version__
from mlforge.errors import ContractError, ForgeError, ToolError
from mlforge.toolchain.machine import machine_failure, settle_temporary_files

LOG_TAIL_LINES: Final = 25
# A name in a file that somebody else wrote does not steer the terminal.
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}

COMMANDS: Final = {
    "init": "write a commented contract beside prj.conf",
    "check": "validate the contract, look at the data, and show what each limit resolves to",
    "optimise": "run or resume the study; write the winner beside prj.conf",
    "import": "make an int8 .tflite of an ONNX, PyTorch, Keras or float model, or of trees",
    "compile": "compile an int8 .tflite model to C",
    "arena": "find how much arena TensorFlow Lite Micro needs for a model",
    "run": "build, run and measure one model on a target",
    "serve": "run one model behind a serial port, for the MLPerf Tiny runner",
    "trace": "draw what runs when: feature stages and operators on a timeline",
    "verify": "compare the three stages, FP32 host, int8 host, int8 target; or measure energy",
    "scheduling": "measure what the model does to the app's threads and timers",
    "blocking": "find which function of an app locks interrupts longest",
    "footprint": "show who uses flash and RAM in an ELF",
    "bundle": "build, sign and describe a release; or verify one",
    "update": "deliver a bundle to a device over SMP; wait until it is confirmed",
    "monitor": "read a device's telemetry, and say what it asks for",
    "record": "record the frames that a device sends, as data to train on",
    "report": "write the study's HTML report",
    "targets": "list what models can be run on here",
    "completion": "print what makes a shell complete the commands",
    "doctor": "say what this machine lacks and how to install it",
}


class Status(IntEnum):
    DONE = 0
    ERROR = 1
    USAGE = 2
    UNMET = 3  # the contract is not met, or a bundle was rolled back


class Command(Protocol):
    """What each module of this package offers."""

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def execute(self, arguments: argparse.Namespace) -> Status: ...


def main(words: Sequence[str], *, program: str = "mlforge") -> int:
    """Runs one command line and returns its exit status. Raises SystemExit for --help and usage errors."""
    if not words or words[0] not in COMMANDS:
        _overview(program).parse_args(words)
        _overview(program).print_help()
        return Status.USAGE
    name, rest = words[0], words[1:]
    command = cast(Command, importlib.import_module(module_of(name)))
    parser = CommandParser(prog=f"{program} {name}", description=command.__doc__, allow_abbrev=False)
    command.configure(parser)
    as_json = "--json" in rest
    try:
        arguments = parser.parse_args(rest)
        settle_temporary_files()
        return command.execute(arguments)
    except UsageError as error:
        parser.print_usage(sys.stderr)
        return _complain(error, Status.USAGE, as_json=as_json)
    except ForgeError as error:
        return _complain(error, Status.ERROR, as_json=as_json)
    except ModuleNotFoundError as error:
        return _complain(_missing_package(error), Status.ERROR, as_json=as_json)
    except KeyboardInterrupt:
        return _complain(ForgeError("interrupted"), Status.ERROR, as_json=as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.ERROR
    except Exception as error:  # what is no fault of the machine's is one of ours, and its traceback is wanted
        if (failure := machine_failure(error)) is None:
            raise
        return _complain(failure, Status.ERROR, as_json=as_json)


def module_of(command: str) -> str:
    """The module of a command: of its name, except where that is a word of Python's."""
    return f"mlforge.cli.{'import_model' if command == 'import' else command}"


def run() -> NoReturn:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def _overview(program: str) -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog=program,
        usage=f"{program} COMMAND [ARGUMENTS]",
        description="Finds an int8 model that meets a firmware contract, and builds it into a Zephyr app.",
        epilog=f"commands:\n{listing}\n\n{program} COMMAND --help shows its options.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mlforge {__version__}")
    parser.add_argument("command", metavar="COMMAND", nargs="?", choices=[*COMMANDS], help=argparse.SUPPRESS)
    return parser


class UsageError(ForgeError):
    """The words on the command line make no sense to a command."""


class CommandParser(argparse.ArgumentParser):
    """Raises UsageError, so that a wrong word is told like any other error."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _missing_package(error: ModuleNotFoundError) -> ForgeError:
    """One sentence for a package that is not installed. Raises the error again where it is a fault of MLForge's."""
    from mlforge.toolchain.packages import complaint
    from mlforge.toolchain.posix import MODULES, no_posix

    if error.name in MODULES:
        return no_posix("this command")

    told = complaint(error.name or "")
    if told is None:
        raise error
    return ForgeError(told[0], hint=told[1])


def _complain(error: ForgeError, status: Status, *, as_json: bool) -> Status:
    """Says what is wrong to people, and with --json on stdout to programs as well."""
    print(f"error: {error}".translate(_CONTROLS), file=sys.stderr)
    log = getattr(error, "log", "").rstrip()
    if isinstance(error, ToolError) and log:
        lines = (f"  | {line.translate(_CONTROLS)}" for line in log.splitlines()[-LOG_TAIL_LINES:])
        print("\n".join(lines), file=sys.stderr)
    if as_json:
        _print_error(error, log, status)
    return status


def _print_error(error: ForgeError, log: str, status: Status) -> None:
    import json

    told: dict[str, object] = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
    if isinstance(error, ContractError):
        told["problems"] = [
            {"file": str(one.file), "line": one.line, "key": one.key, "found": one.found, "expected": one.expected}
            for one in error.problems
        ]
    if log:
        told["log"] = log.splitlines()[-LOG_TAIL_LINES:]
    print(json.dumps({"error": told, "status": int(status)}, indent=2, sort_keys=True))
