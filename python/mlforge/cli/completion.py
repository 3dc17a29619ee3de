"""Prints what makes a shell complete `mlforge`: its commands, their options, and files.

bash   eval "$(mlforge completion bash)"        in ~/.bashrc
zsh    eval "$(mlforge completion zsh)"         in ~/.zshrc, behind compinit
fish   mlforge completion fish | source         in ~/.config/fish/config.fish
"""

from __future__ import annotations

import argparse
import importlib
from dataclasses import dataclass

from mlforge.cli.main import COMMANDS, Command, CommandParser, Status, module_of

SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True, slots=True)
class Option:
    """`words`: its spellings. `choices`: what it takes, where that is a list; `takes`: whether it takes anything."""

    words: tuple[str, ...]
    help: str
    takes: bool
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Completed:
    """A command, its options, and the words that it takes in their place, where those are a list."""

    name: str
    summary: str
    options: tuple[Option, ...]
    choices: tuple[str, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("shell", choices=SHELLS)


def execute(arguments: argparse.Namespace) -> Status:
    import shlex

    from mlforge.templating import environment

    template = environment("mlforge.cli").get_template(f"completion.{arguments.shell}.j2")
    print(template.render(commands=[completed(name) for name in COMMANDS], quote=shlex.quote), end="")
    return Status.DONE


def completed(name: str) -> Completed:
    """What there is to complete behind a command."""
    module: Command = importlib.import_module(module_of(name))
    parser = CommandParser(prog=name)
    module.configure(parser)
    actions = parser._actions  # argparse has no other way to its options
    options = tuple(_option(action) for action in actions if action.option_strings)
    words = [str(word) for action in actions if not action.option_strings for word in action.choices or ()]
    return Completed(name, COMMANDS[name], options, tuple(words))


def _option(action: argparse.Action) -> Option:
    words = (action.help or "").replace("%%", "%").split(";")[0].split("(")[0].split("[")[0].strip()
    choices = tuple(str(choice) for choice in action.choices or ())
    return Option(tuple(action.option_strings), words, action.nargs != 0, choices)
