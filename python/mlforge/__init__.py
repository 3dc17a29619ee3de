"""MLForge: finds an int8 model that meets a firmware contract, and builds it into a Zephyr app.

Nothing heavy is imported here: `west mlforge --help` must answer at once.
"""

from typing import Final

__version__: Final = "0.1.0"
