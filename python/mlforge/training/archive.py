"""Float models as bytes: `.keras` archives, byte-identical for identical models. Worker process only."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from pathlib import Path

import keras


def saved(model: keras.Model) -> bytes:
    """The model as a `.keras` archive, without what Keras writes into it of the time and of memory addresses."""
    from keras.src.saving import saving_lib

    archive, clean = io.BytesIO(), io.BytesIO()
    saving_lib.save_model(model, archive)
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "metadata.json":
                kept = {key: value for key, value in json.loads(content).items() if key != "date_saved"}
                content = json.dumps(kept, sort_keys=True).encode()
            elif name == "config.json":
                content = _renumbered(content.decode()).encode()
            target.writestr(zipfile.ZipInfo(name), content)
    return clean.getvalue()


def loaded(archive: bytes) -> keras.Model:
    """The model in a `.keras` archive."""
    with tempfile.TemporaryDirectory(prefix="mlforge-") as place:
        path = Path(place) / "model.keras"
        path.write_bytes(archive)
        return keras.saving.load_model(path, compile=False)


def _renumbered(config: str) -> str:
    """Keras tells shared objects apart by their addresses; count them instead."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"{match[1]}{numbers.setdefault(match[2], len(numbers))}"

    return re.sub(r'("shared_object_id": )(\d+)', number, config)
