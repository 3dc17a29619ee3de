"""Which line of a failed build's log is said to be its cause. The logs are those of real tools, shortened."""

from __future__ import annotations

import pytest

from mlforge.toolchain.headline import headline

GIT = "-- git describe failed: fatal: No names found, cannot describe.;\n   BUILD_VERSION is left undefined\n"
NINJA = "ninja: build stopped: subcommand failed.\nFATAL ERROR: command exited with status 1: cmake --build build\n"

COMPILER = GIT + (
    "[39/494] Building C object zephyr/arch/CMakeFiles/core.dir/fatal.c.obj\n"
    "FAILED: CMakeFiles/app.dir/src/main.c.obj\n"
    "ccache /usr/bin/arm-none-eabi-gcc -Wfatal-errors -c error.c\n"
    "In file included from /app/src/main.c:1:\n"
    "/app/src/main.c:7:9: warning: unused variable 'error' [-Wunused-variable]\n"
    "/app/src/main.c:9:2: error: 'nobody' undeclared (first use in this function)\n"
    "cc1: all warnings being treated as errors\n"
)
LINKER = GIT + (
    "/usr/lib/gcc/bin/ld: app/libapp.a(main.c.obj): in function `main':\n"
    "/app/src/main.c:12: undefined reference to `z_impl_k_mutex_lock'\n"
    "collect2: error: ld returned 1 exit status\n"
)
KCONFIG = (
    "Parsing /zephyr/Kconfig\n"
    "\n"
    "warning: MLFORGE_SERVICE (defined at /mlforge/zephyr/Kconfig:317) was assigned the value 'y' but got\n"
    "the value 'n'. Check these unsatisfied dependencies: MULTITHREADING (=n).\n"
    "\n"
    "error: Aborting due to Kconfig warnings\n"
    "\n"
    "CMake Error at /zephyr/cmake/modules/kconfig.cmake:396 (message):\n"
    "  command failed with return code: 1\n"
    "Call Stack (most recent call first):\n"
    "  /zephyr/cmake/modules/zephyr_default.cmake:129 (include)\n"
)
PYTHON = GIT + (
    "Traceback (most recent call last):\n"
    '  File "/zephyr/scripts/dts/gen_defines.py", line 1102, in <module>\n'
    "    main()\n"
    "    raise error\n"
    "KeyError: 'reg'\n"
    "\n"
    "During handling of the above exception, another exception occurred:\n"
    "\n"
    "Traceback (most recent call last):\n"
    '  File "/zephyr/scripts/dts/gen_defines.py", line 55, in main\n'
    "    edt = edtlib.EDT(args.dts)\n"
    "devicetree.edtlib.EDTError: 'reg' is missing in <Node /memory>\n"
    "CMake Error at /zephyr/cmake/modules/dts.cmake:301 (message):\n"
    "  gen_defines.py failed with return code: 1\n"
)
CMAKE = GIT + (
    "CMake Error at /mlforge/cmake/mlforge.cmake:71 (message):\n"
    "  /app/mlforge.yaml has no mlforge.lock.yaml beside it: there is no model to\n"
    "  build in.  `west mlforge optimise /app` searches one and writes both.\n"
    "Call Stack (most recent call first):\n"
    "  CMakeLists.txt:3 (find_package)\n"
)
CMAKE_PYTHON = GIT + (
    "CMake Error at /zephyr/cmake/modules/boards.cmake:196 (message):\n"
    "  Error finding board: mps2\n"
    "\n"
    "  Error message: Traceback (most recent call last):\n"
    "\n"
    '    File "/zephyr/scripts/list_boards.py", line 11, in <module>\n'
    "      import pykwalify.core\n"
    "\n"
    "  ModuleNotFoundError: No module named 'pykwalify'\n"
    "\n"
    "Call Stack (most recent call first):\n"
    "  CMakeLists.txt:18 (find_package)\n"
)
DEVICETREE = "devicetree error: /app/app.overlay:3 (column 9): parse error: undefined node label 'nobody'\n"
GENERATOR = "[1/9] Compiling the model activity\nerror: /app/mlforge.yaml:13: limits.flash: 9 KiB; 472 too many\n"
ONLY_SUMMARIES = "[3/9] Linking C executable error.elf\ncollect2: error: ld returned 1 exit status\n"


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (COMPILER, "/app/src/main.c:9:2: error: 'nobody' undeclared (first use in this function)"),
        (LINKER, "/app/src/main.c:12: undefined reference to `z_impl_k_mutex_lock'"),
        (
            KCONFIG,
            "MLFORGE_SERVICE (defined at /mlforge/zephyr/Kconfig:317) was assigned the value 'y' but got the value "
            "'n'. Check these unsatisfied dependencies: MULTITHREADING (=n).",
        ),
        (PYTHON, "devicetree.edtlib.EDTError: 'reg' is missing in <Node /memory>"),
        (
            CMAKE,
            "/app/mlforge.yaml has no mlforge.lock.yaml beside it: there is no model to build in. `west mlforge "
            "optimise /app` searches one and writes both.",
        ),
        (CMAKE_PYTHON, "ModuleNotFoundError: No module named 'pykwalify'"),
        (DEVICETREE, DEVICETREE.strip()),
        (GENERATOR, "error: /app/mlforge.yaml:13: limits.flash: 9 KiB; 472 too many"),
        (ONLY_SUMMARIES, "collect2: error: ld returned 1 exit status"),
        (GIT, ""),
        (
            "fatal: not a git repository\n/a.S:3: Error: bad instruction `vmov'\n",
            "/a.S:3: Error: bad instruction `vmov'",
        ),
        ("", ""),
    ],
    ids=[
        "compiler",
        "linker",
        "kconfig",
        "python",
        "cmake",
        "script",
        "dts",
        "mlforge",
        "summary",
        "git",
        "assembler",
        "empty",
    ],
)
def test_the_cause(log: str, cause: str) -> None:
    assert headline(log + (NINJA if log and cause else "")) == cause
