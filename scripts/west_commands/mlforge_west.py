# SPDX-License-Identifier: Apache-2.0
"""`west mlforge`: hands its words to the mlforge package, which does the rest.

West runs this in its own interpreter. Where the package is installed there, it is used; otherwise the one of this
checkout is, so that a module fetched by `west update` works once its requirements are installed.
"""

import argparse
import sys
from pathlib import Path

from west.commands import WestCommand

PACKAGE = Path(__file__).resolve().parents[2] / "python"


class MlforgeCommand(WestCommand):
    def __init__(self):
        super().__init__(
            "mlforge",
            "find, build and check int8 models that meet a firmware contract",
            "See `west mlforge --help` for the commands.",
            accepts_unknown_args=True,
        )

    def do_add_parser(self, parser_adder):
        parser = parser_adder.add_parser(self.name, add_help=False, description=self.description)
        parser.add_argument("words", nargs=argparse.REMAINDER)
        return parser

    def do_run(self, args, unknown_args):
        try:
            import mlforge  # noqa: F401
        except ImportError:
            sys.path.insert(0, str(PACKAGE))
        try:
            from mlforge.cli.main import main
        except ImportError as error:
            self.die(f"mlforge cannot be imported ({error}); run: pip install {PACKAGE.parent}")
        # west takes leading options out of REMAINDER, so they come back through unknown_args.
        sys.exit(main([*unknown_args, *args.words], program="west mlforge"))
