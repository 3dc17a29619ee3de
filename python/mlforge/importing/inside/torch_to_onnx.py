"""A PyTorch module to ONNX, and what it computes.

Usage: python torch_to_onnx.py SOURCE INPUTS.npz DIR [FACTORY [WEIGHTS]]. SOURCE is an exported program (.pt2), or a
Python file with a function FACTORY that returns a module, whose WEIGHTS may be a checkpoint (read with weights_only) or
a safetensors file. Writes DIR/model.onnx and DIR/source.npz with `output`, float32 [N, ...]; a refusal is written to
DIR/refusal.txt, one sentence.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch


class RefusalError(Exception):
    """Why the model cannot be converted, in one sentence."""


def main(source: Path, inputs: Path, directory: Path, factory: str = "", weights: str = "") -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    x = torch.from_numpy(np.load(inputs)["x"].astype(np.float32))
    program = module_of(source, factory, weights) if factory else exported(source)
    with torch.no_grad():
        outputs = np.stack([_answer(program, one[None]) for one in x])
    np.savez(directory / "source.npz", output=outputs)
    (directory / "version.txt").write_text(f"PyTorch {torch.__version__}")
    try:
        torch.onnx.export(
            program, (x[:1],), str(directory / "model.onnx"), dynamo=True, verbose=False, external_data=False
        )
    except Exception as error:
        raise RefusalError(f"PyTorch cannot export it to ONNX: {_first_line(error)}") from error


def exported(source: Path) -> Any:
    """The module of a .pt2 file, which holds a graph and tensors, and no pickles of code."""
    try:
        return torch.export.load(str(source)).module()
    except Exception as error:
        raise RefusalError(f"PyTorch {torch.__version__} cannot load it: {_first_line(error)}") from error


def module_of(source: Path, factory: str, weights: str) -> torch.nn.Module:
    """What the user's own function returns, with the weights, ready to infer."""
    spec = importlib.util.spec_from_file_location(source.stem, source)
    if spec is None or spec.loader is None:
        raise RefusalError(f"{source.name} is no Python file")
    sys.path.insert(0, str(source.resolve().parent))
    code = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(code)
        module = getattr(code, factory)()
    except Exception as error:
        raise RefusalError(f"{source.name}:{factory} failed: {type(error).__name__}: {_first_line(error)}") from error
    if not isinstance(module, torch.nn.Module):
        raise RefusalError(f"{source.name}:{factory} returned {type(module).__name__}: expected a torch.nn.Module")
    if weights:
        load(module, Path(weights))
    return module.eval()


def load(module: torch.nn.Module, path: Path) -> None:
    """A state dict, also where a checkpoint keeps it under a name."""
    try:
        if path.read_bytes()[8:9] == b"{":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        for name in ("state_dict", "model_state_dict", "model"):
            state = state.get(name, state) if isinstance(state.get(name), dict) else state
        module.load_state_dict(state)
    except Exception as error:
        raise RefusalError(f"{path.name} does not fit the module: {_first_line(error)}") from error


def _answer(program: Any, example: torch.Tensor) -> np.ndarray:
    try:
        answer = program(example)
    except Exception as error:
        raise RefusalError(f"the module does not take {list(example.shape[1:])}: {_first_line(error)}") from error
    if not isinstance(answer, torch.Tensor):
        raise RefusalError(f"the module returns {type(answer).__name__}: expected one tensor")
    return np.asarray(answer[0].float().numpy())


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return " ".join(text.splitlines()[:2])[:300] if text else type(error).__name__


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:6])
    except RefusalError as error:
        Path(sys.argv[3], "refusal.txt").write_text(str(error))
        sys.exit(3)
