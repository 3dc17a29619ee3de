"""Trees and linear models of ONNX's ai.onnx.ml, as skl2onnx and onnxmltools write them; scalers in front of them.

Source of the fields: onnx.proto, and docs/Operators-ml.md of ONNX. What stands behind the model (labels, maps of
probabilities) is left out: a device has the outputs in the order of the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlforge.errors import ModelError
from mlforge.importing.protobuf import Message
from mlforge.importing.scaled import Model, scaled
from mlforge.records.ensemble import Ensemble, Floats, Link, Tree, check
from mlforge.records.linear import Linear, check_linear

_DOMAIN: Final = "ai.onnx.ml"
_MODELS: Final = frozenset(
    {"TreeEnsembleClassifier", "TreeEnsembleRegressor", "LinearClassifier", "LinearRegressor", "TreeEnsemble"}
    | {"SVMClassifier", "SVMRegressor"}
)
_BEFORE: Final = frozenset({"Scaler", "Cast", "Identity", "Add", "Sub", "Mul", "Div"})
_BEHIND: Final = frozenset({"ZipMap", "Cast", "Identity", "Normalizer", "Reshape", "ArrayFeatureExtractor"})
_BRANCHES: Final = {  # to whether the comparison is strict, and whether the children change places
    "BRANCH_LEQ": (False, False),
    "BRANCH_LT": (True, False),
    "BRANCH_GT": (False, True),
    "BRANCH_GTE": (True, True),
}
_DOUBLE: Final = 11  # TensorProto's data types
_FLOAT: Final = 1
_MAX_OUTPUTS: Final = 4096
_MAX_FEATURES: Final = 65535


@dataclass(frozen=True, slots=True)
class _Node:
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Message]

    def text(self, name: str, default: str = "") -> str:
        found = self.attributes.get(name)
        return found.text(4) if found else default

    def whole(self, name: str, default: int) -> int:
        found = self.attributes.get(name)
        return found.whole(3, default) if found else default

    def wholes(self, name: str) -> np.ndarray:
        found = self.attributes.get(name)
        return np.array(found.wholes(8) if found else [], np.int64)

    def words(self, name: str) -> list[str]:
        found = self.attributes.get(name)
        return [bytes(part).decode("utf-8", "replace") for part in found.parts(9)] if found else []

    def floats(self, name: str) -> Floats:
        """Of the attribute, or of the tensor of doubles that may stand in its place."""
        if found := self.attributes.get(f"{name}_as_tensor"):
            return _tensor(found.messages(5)[0])
        found = self.attributes.get(name)
        return found.floats(7) if found else np.zeros(0)

    @property
    def labels(self) -> int:
        return (
            len(self.words("classlabels_strings"))
            or len(self.wholes("classlabels_int64s"))
            or len(self.wholes("classlabels_ints"))
        )


def _tensor(message: Message) -> Floats:
    kind = message.whole(2)
    if kind not in (_FLOAT, _DOUBLE):
        raise ModelError(f"a tensor of ONNX has the type {kind}: expected floats or doubles")
    own = message.floats(4) if kind == _FLOAT else message.floats(10, 8)
    return own if own.size else message.floats(9, 4 if kind == _FLOAT else 8)


def is_classical(data: bytes) -> bool:
    """Whether an ONNX file holds trees or a linear model of ai.onnx.ml."""
    if _DOMAIN.encode() not in data:
        return False
    try:
        return any(node.kind in _MODELS for node in _nodes(data))
    except ModelError:
        return False


def read_onnx_ml(data: bytes) -> Model:
    """Of the file's bytes. Raises ModelError for what is damaged, or is more than one model behind scalers."""
    try:
        return _read(data)
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise ModelError(f"the ONNX model is damaged: {type(error).__name__} ({error})") from error


def _graph(data: bytes) -> Message:
    graphs = Message(memoryview(data)).messages(7)
    if not graphs:
        raise ModelError("the ONNX model has no graph")
    return graphs[0]


def _nodes(data: bytes) -> list[_Node]:
    return [
        _Node(
            one.text(4),
            tuple(bytes(part).decode("utf-8", "replace") for part in one.parts(1)),
            tuple(bytes(part).decode("utf-8", "replace") for part in one.parts(2)),
            {attribute.text(1): attribute for attribute in one.messages(5)},
        )
        for one in _graph(data).messages(1)
    ]


def _read(data: bytes) -> Model:
    nodes = _nodes(data)
    places = [place for place, node in enumerate(nodes) if node.kind in _MODELS]
    if len(places) != 1:
        raise ModelError(f"the ONNX model has {len(places)} operators that decide: expected one", hint=_HINT)
    node = nodes[places[0]]
    before, behind = nodes[: places[0]], nodes[places[0] + 1 :]
    for one, accepted in [(one, _BEFORE) for one in before] + [(one, _BEHIND) for one in behind]:
        if one.kind not in accepted:
            raise ModelError(
                f"{one.kind} beside {node.kind} is not known in an ONNX model of trees or sums", hint=_HINT
            )
    if node.kind not in _READERS:
        raise ModelError(f"{node.kind} of ONNX is not supported", hint=_HINT)
    model = _READERS[node.kind](node)
    offset, factor = _scaler(data, before)
    width = max(len(offset), len(factor), model.features, _columns(data))
    if isinstance(model, Ensemble) and _MAX_FEATURES >= width > model.features:  # trees say which they ask for alone
        model = Ensemble(width, model.trees, model.base, model.strict, model.link)
    return scaled(model, np.broadcast_to(offset, (width,)), np.broadcast_to(factor, (width,)))


def _columns(data: bytes) -> int:
    """The last dimension of the first input, as the file has it; 0 where it does not say."""
    for value in _graph(data).messages(11)[:1]:
        for kind in value.messages(2):
            for shape in (shape for tensor in kind.messages(1) for shape in tensor.messages(2)):
                sizes = [dimension.whole(1) for dimension in shape.messages(1)]
                return sizes[-1] if sizes else 0
    return 0


def _scaler(data: bytes, before: list[_Node]) -> tuple[Floats, Floats]:
    """What all operators in front of the model come to, `(x - offset) * factor`: float64 [features], or [1] for all."""
    constants = {one.text(8): one for one in _graph(data).messages(5)}
    offset, factor = np.zeros(1), np.ones(1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for one in before:
            if one.kind == "Scaler":
                shift, gain = one.floats("offset"), one.floats("scale")
                offset = offset + (shift if shift.size else np.zeros(1)) / factor
                factor = factor * (gain if gain.size else np.ones(1))
            elif one.kind in ("Add", "Sub", "Mul", "Div"):
                if len(one.inputs) != 2 or one.inputs[1] not in constants:
                    raise ModelError(f"{one.kind} in front of the model is not by constants", hint=_HINT)
                by = _tensor(constants[one.inputs[1]])
                if one.kind in ("Add", "Sub"):
                    offset = offset + (by if one.kind == "Sub" else -by) / factor
                else:
                    factor = factor * by if one.kind == "Mul" else factor / by
    return offset, factor


_HINT: Final = (
    "accepted: TreeEnsembleClassifier, TreeEnsembleRegressor, LinearClassifier and LinearRegressor behind Scalers; "
    "for others of scikit-learn, see sklearn_to_json.py in docs/import.md"
)


def _classifier_of_trees(node: _Node) -> Ensemble:
    ids, weights, after = node.wholes("class_ids"), node.floats("class_weights"), node.text("post_transform", "NONE")
    outputs, base = node.labels, node.floats("base_values")
    owners = np.stack([node.wholes("class_treeids"), node.wholes("class_nodeids")], 1)
    if not 2 <= outputs <= _MAX_OUTPUTS or len(ids) != len(weights) or not ids.size:
        raise ModelError(f"{outputs} classes with {len(ids)} and {len(weights)} leaves")
    single = outputs == 2 and len(set(ids.tolist())) == 1 and len(base) < 2  # the score of the second class alone
    link = {"NONE": Link.SHARES, "SOFTMAX": Link.SOFTMAX, "LOGISTIC": Link.SOFTMAX}.get(after)
    if link is None or (after == "LOGISTIC" and not single):
        raise ModelError(f"{node.kind} with the post_transform {after[:40]} is not supported")
    start = np.zeros(outputs)
    if base.size:
        start[-1 if single else slice(None)] = base if not single else base[0]
    values: list[dict[int, float]] = []
    for kind, weight in zip(ids.tolist(), weights.tolist(), strict=True):
        values.append({1: weight} if single else {kind: weight})
    if single and link is Link.SHARES:
        start += [1.0 - start[1], 0.0]
        values = [{0: -weight, 1: weight} for weight in weights.tolist()]
    return _ensemble(node, owners, values, start, link)


def _regressor_of_trees(node: _Node) -> Ensemble:
    ids, weights, after = node.wholes("target_ids"), node.floats("target_weights"), node.text("post_transform", "NONE")
    owners = np.stack([node.wholes("target_treeids"), node.wholes("target_nodeids")], 1)
    outputs, base, how = node.whole("n_targets", 1), node.floats("base_values"), node.text("aggregate_function", "SUM")
    if after != "NONE" or how not in ("SUM", "AVERAGE"):
        raise ModelError(f"{node.kind} with {after[:40]} of {how[:40]} is not supported")
    if not 1 <= outputs <= _MAX_OUTPUTS or len(base) not in (0, outputs):
        raise ModelError(f"{outputs} targets with {len(base)} base values")
    share = 1 / max(1, len(set(node.wholes("nodes_treeids").tolist()))) if how == "AVERAGE" else 1.0
    values = [{kind: weight * share} for kind, weight in zip(ids.tolist(), weights.tolist(), strict=True)]
    return _ensemble(node, owners, values, base if base.size else np.zeros(outputs), Link.NONE)


def _ensemble(node: _Node, owners: np.ndarray, values: list[dict[int, float]], base: Floats, link: Link) -> Ensemble:
    leaves: dict[tuple[int, int], dict[int, float]] = {}
    for owner, found in zip(map(tuple, owners.tolist()), values, strict=True):
        sums = leaves.setdefault(owner, {})
        for kind, weight in found.items():
            if not 0 <= kind < len(base):
                raise ModelError(f"a leaf belongs to output {kind} of {len(base)}")
            sums[kind] = sums.get(kind, 0.0) + weight
    modes, trees = node.words("nodes_modes"), node.wholes("nodes_treeids")
    features, ids = node.wholes("nodes_featureids"), node.wholes("nodes_nodeids")
    thresholds = node.floats("nodes_values")
    ways = np.stack([node.wholes("nodes_truenodeids"), node.wholes("nodes_falsenodeids")], 1)
    if not len(modes) == len(trees) == len(features) == len(ids) == len(thresholds) == len(ways) > 0:
        raise ModelError("the ONNX model is damaged: nodes with unlike numbers of fields")
    kinds = set(modes) - {"LEAF"}
    if unknown := kinds - set(_BRANCHES):
        raise ModelError(f"trees with {', '.join(sorted(unknown))[:80]} are not supported")
    strict = {_BRANCHES[kind][0] for kind in kinds}
    if len(strict) > 1:
        raise ModelError("trees with < and <= side by side are not supported")
    inner = np.array([mode != "LEAF" for mode in modes])
    swap = np.array([mode != "LEAF" and _BRANCHES[mode][1] for mode in modes])
    ways[swap] = ways[swap, ::-1]
    grown = []
    for number in dict.fromkeys(trees.tolist()):
        of = np.flatnonzero(trees == number)
        grown.append(_tree(int(number), ids[of], inner[of], features[of], thresholds[of], ways[of], leaves, len(base)))
    count = int(features[inner].max(initial=0)) + 1
    if count > _MAX_FEATURES:
        raise ModelError(f"the trees ask for feature {count - 1}: at most {_MAX_FEATURES}")
    ensemble = Ensemble(count, tuple(grown), base, strict == {True}, link)
    check(ensemble)
    return ensemble


def _tree(
    number: int,
    ids: np.ndarray,
    inner: np.ndarray,
    features: np.ndarray,
    thresholds: Floats,
    ways: np.ndarray,
    leaves: Mapping[tuple[int, int], Mapping[int, float]],
    outputs: int,
) -> Tree:
    """The root is the node that nobody leads to."""
    places = np.where(inner, np.cumsum(inner) - 1, 0 - np.cumsum(~inner))
    of = dict(zip(ids.tolist(), places.tolist(), strict=True))
    if len(of) != len(ids):
        raise ModelError(f"tree {number} has a node twice")
    children = np.array([[of[int(way)] for way in pair] for pair in ways[inner]], np.int64).reshape(-1, 2)
    own = [leaves.get((number, int(node)), {}) for node in ids[~inner]]
    used = sorted({kind for leaf in own for kind in leaf}) or [0]
    first, width = used[0], used[-1] - used[0] + 1
    values = np.zeros((len(own), width))
    for row, leaf in enumerate(own):
        for kind, weight in leaf.items():
            values[row, kind - first] = weight
    roots = set(places.tolist()) - set(children.reshape(-1).tolist())
    if len(roots) != 1:
        raise ModelError(f"tree {number} has {len(roots)} roots")
    return Tree(features[inner], thresholds[inner], children, values, roots.pop(), first)


def _linear_classifier(node: _Node) -> Linear:
    added, after, labels = node.floats("intercepts"), node.text("post_transform", "NONE"), node.labels
    weights = node.floats("coefficients").reshape(max(1, len(added)), -1)
    two = labels == 2 and (len(added) == 1 or (len(added) == 2 and _mirrored(weights, added)))
    if len(added) != labels and not two:
        raise ModelError(f"{labels} classes with {len(added)} intercepts")
    if two:  # softmax of [0, sum] is the sigmoid of the sum
        weights, added = np.stack([0 * weights[-1], weights[-1]]), np.array([0.0, added[-1]])
    link = Link.SOFTMAX if after == "SOFTMAX" or (two and after == "LOGISTIC") else Link.NONE
    if after not in ("NONE", "SOFTMAX", "LOGISTIC") or (two and after == "SOFTMAX"):
        raise ModelError(f"{node.kind} with the post_transform {after[:40]} is not supported")
    model = Linear(weights, added, link, True)
    check_linear(model)
    return model


def _mirrored(weights: Floats, added: Floats) -> bool:
    return bool(np.array_equal(weights[0], -weights[1]) and added[0] == -added[1])


def _linear_regressor(node: _Node) -> Linear:
    targets = node.whole("targets", 1)
    if node.text("post_transform", "NONE") != "NONE" or not 1 <= targets <= _MAX_OUTPUTS:
        raise ModelError(f"{node.kind} with a post_transform is not supported")
    weights, added = node.floats("coefficients").reshape(targets, -1), node.floats("intercepts")
    model = Linear(weights, added if added.size else np.zeros(targets), Link.NONE, False)
    check_linear(model)
    return model


_READERS: Final[Mapping[str, Callable[[_Node], Model]]] = {
    "TreeEnsembleClassifier": _classifier_of_trees,
    "TreeEnsembleRegressor": _regressor_of_trees,
    "LinearClassifier": _linear_classifier,
    "LinearRegressor": _linear_regressor,
}
