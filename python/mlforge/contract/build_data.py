"""The contract's `data`: where examples come from, and how they are split."""

from __future__ import annotations

from mlforge.contract.build_signal import build_signal
from mlforge.contract.contract import ALLOWABLE, AugmentSpec, DataSpec, LoaderKind, SplitSpec, Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, expectation, show


def build_data(reader: Reader) -> DataSpec:
    kind, argument = _loader(reader)
    folds = _folds(reader)
    split = SplitSpec(
        group=reader.text("data", "split", "group"),
        validate=1 / folds if folds else _share(reader, "validate"),
        test=1 / folds if folds else _share(reader, "test"),
        seed=reader.integer("data", "split", "seed", default=1),
        folds=folds,
    )
    total = split.validate + split.test
    if total >= 1:
        expected = "validate and test that leave something to train on (together below 1)"
        reader.wrong(("data", "split"), f"validate {split.validate:g} + test {split.test:g} = {total:g}", expected)
    classes = _words(reader, "classes")
    if classes and reader.text("task") == Task.REGRESSION:
        reader.wrong(("data", "classes"), "classes with task regression", "no classes: regression has none")
    elif len(classes) == 1:
        reader.wrong(("data", "classes"), "one class", expectation(["data", "classes"]))
    strata = _words(reader, "strata")
    return DataSpec(
        kind,
        argument,
        split,
        strata,
        classes,
        augment=_augment(reader),
        allow=_allowed(reader),
        signal=build_signal(reader, kind),
    )


def _allowed(reader: Reader) -> tuple[str, ...]:
    words = _words(reader, "allow")
    for word in words:
        if word not in ALLOWABLE:
            reader.wrong(("data", "allow"), f"the unknown kind {word!r}", did_you_mean(word, list(ALLOWABLE)))
    return words


def _augment(reader: Reader) -> AugmentSpec:
    return AugmentSpec(
        noise=reader.number("data", "augment", "noise", default=0.0),
        gain=reader.number("data", "augment", "gain", default=0.0),
        shift=reader.integer("data", "augment", "shift", default=0),
        rotation_degrees=reader.number("data", "augment", "rotation_degrees", default=0.0),
        offset=reader.number("data", "augment", "offset", default=0.0),
        dropout=reader.number("data", "augment", "dropout", default=0.0),
        channel_dropout=reader.number("data", "augment", "channel_dropout", default=0.0),
    )


def _words(reader: Reader, key: str) -> tuple[str, ...]:
    """A list of words under `data`, each once."""
    node = reader.node("data", key)
    words = [item.text for item in (node.items if node else []) if item.text]
    for word in words:
        if words.count(word) > 1:
            reader.wrong(("data", key), f"{word!r} twice", "each name once")
    return tuple(words)


def _folds(reader: Reader) -> int:
    """0 where the split is one of shares."""
    folds = reader.integer("data", "split", "folds", default=0)
    for key in ("validate", "test") if folds else ():
        if reader.node("data", "split", key) is not None:
            reader.wrong(("data", "split", key), f"{key} beside folds", "one of the two: each fold is held out in turn")
    return folds if folds > 2 else 0


def _share(reader: Reader, key: str) -> float:
    steps = ("data", "split", key)
    section = reader.node("data", "split")
    if section is not None and isinstance(section.value, dict) and key not in section.value:
        reader.wrong(
            steps, "nothing", "the required key, a share between 0 and 1 (or folds in place of validate and test)"
        )
        return 0.2
    value = reader.number(*steps, default=0.2)
    if not 0 < value < 1:
        reader.wrong(steps, f"{value:g}", "a share above 0 and below 1")
        return 0.2
    return value


def _loader(reader: Reader) -> tuple[LoaderKind, str]:
    """`loader: NAME`, `loader: {KIND: ARGUMENT}`, `loader: "KIND: ARGUMENT"`, or KIND as a key of `data` itself."""
    steps = ("data", "loader")
    node = reader.node(*steps)
    direct = [kind for kind in LoaderKind if kind.value in reader.mapping("data")]
    if node is None:
        if len(direct) == 1:
            return _argument(reader, ("data", direct[0].value), direct[0])
        section = reader.node("data")
        if section is not None and isinstance(section.value, dict):
            found = "nothing" if not direct else " and ".join(direct)
            reader.wrong(steps, found, f"one loader: {expectation(list(steps))}")
        return LoaderKind.CSV, ""
    if direct:
        reader.wrong(steps, f"a loader beside {direct[0].value!r}", "one loader only")
    if isinstance(node.value, dict) and len(node.value) == 1:
        name = next(iter(node.value))
        return _named(reader, (*steps, name), name)
    if isinstance(node.value, str):
        name, colon, argument = (part.strip() for part in node.value.partition(":"))
        if colon and name in list(LoaderKind):
            return _checked(reader, steps, LoaderKind(name), argument)
        return _named(reader, steps, name)
    reader.wrong(steps, show(node), expectation(list(steps)))
    return LoaderKind.CSV, ""


def _named(reader: Reader, steps: tuple[str, ...], name: str) -> tuple[LoaderKind, str]:
    if name not in list(LoaderKind):
        reader.wrong(steps, f"the unknown loader {name!r}", did_you_mean(name, [kind.value for kind in LoaderKind]))
        return LoaderKind.CSV, ""
    return _argument(reader, steps, LoaderKind(name))


def _argument(reader: Reader, steps: tuple[str, ...], kind: LoaderKind) -> tuple[LoaderKind, str]:
    node = reader.node(*steps)
    given = node.value if node is not None and steps[-1] == kind.value else None
    if given is not None and not isinstance(given, str) and node is not None:
        reader.wrong(steps, show(node), expectation(["data", kind.value]))
        return kind, ""
    return _checked(reader, steps, kind, str(given or "").strip())


def _checked(reader: Reader, steps: tuple[str, ...], kind: LoaderKind, argument: str) -> tuple[LoaderKind, str]:
    if kind is LoaderKind.SEGLEARN_WATCH:
        if argument:
            reader.wrong(steps, repr(argument), "no argument: seglearn-watch has its own data")
    elif not argument:
        reader.wrong(steps, "no argument", f"{{{kind}: {expectation(['data', kind.value])}}}")
    elif kind is LoaderKind.PYTHON:
        module, _, function = argument.partition(":")
        if not (function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
            reader.wrong(steps, repr(argument), "'module:function'")
    return kind, argument
