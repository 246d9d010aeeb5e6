"""What every `Benchmark` must keep to."""

import pickle
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser

from lightning_latent.data import Benchmark, Example, LatentDataModule
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.io import write_jsonl

LEAST_NEW_TOKENS = 64
MALFORMED: tuple[Mapping[str, Any], ...] = ({}, {"text": "?"}, {"question": "q"}, {"question": 3, "answer": []})


def check_benchmark(
    benchmark: Benchmark,
    rows: Sequence[Mapping[str, Any]] | str | Path,
    *,
    malformed: Sequence[Mapping[str, Any]] = (),
) -> list[Example]:
    """Check a benchmark on rows of its own, and give them as examples.

    Args:
        benchmark: The benchmark.
        rows: A few rows as `parse` gets them, or the path of a file of them.
        malformed: Rows that it must refuse, beside those in which nothing is as it should be.

    Raises:
        AssertionError: It does not keep to the contract that `docs/add_a_benchmark.md` tells; the message says how.
        UserError: A row cannot be read.
    """
    check_class(benchmark)
    for row in (*MALFORMED, *malformed):
        check_refused(benchmark, row)
    if isinstance(rows, str | Path):
        return check_file(benchmark, str(rows))
    with TemporaryDirectory() as folder:
        write_jsonl(Path(folder) / "rows.jsonl", rows)
        return check_file(benchmark, str(Path(folder) / "rows.jsonl"))


def check_class(benchmark: Benchmark) -> None:
    """Check the attributes, that a config can name the class, and that an instance reaches another process."""
    name = type(benchmark).__name__
    assert benchmark.name.islower(), f"{name}.name is {benchmark.name!r}; the first part of ids is in lower case"
    assert benchmark.max_new_tokens >= LEAST_NEW_TOKENS, (
        f"{name}.max_new_tokens is {benchmark.max_new_tokens}; it must be at least {LEAST_NEW_TOKENS}: a model "
        "that is only prompted writes its steps before the answer (a config may set model.max_new_tokens lower)"
    )
    path = f"{type(benchmark).__module__}.{name}"
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--benchmark", type=Benchmark)
    try:
        made = parser.instantiate_classes(parser.parse_object({"benchmark": {"class_path": path}})).benchmark
    except ArgumentError as error:
        raise AssertionError(
            f"a config cannot name {path}; put the class at the top of a module, and give its options types and "
            f"defaults ({error})"
        ) from None
    assert type(made) is type(benchmark), f"{path} is another class"
    copied = pickle.loads(pickle.dumps(benchmark))
    assert vars(copied) == vars(benchmark), f"{name} does not survive pickling, by which it reaches worker processes"


def check_refused(benchmark: Benchmark, row: Mapping[str, Any]) -> None:
    """Check that a malformed row is a `ValueError` of one line."""
    mend = "raise a ValueError with the reason, as text_field and texts_field do"
    try:
        found = benchmark.parse(row, index=0)
    except ValueError as error:
        said = str(error)
        assert said.strip() and "\n" not in said, f"row {row}: the reason is {said!r}, not one line"
    except Exception as error:
        raise AssertionError(f"row {row} ends in {type(error).__name__}: {error}; {mend}") from error
    else:
        raise AssertionError(f"row {row} is read as {found}; {mend}")


def check_file(benchmark: Benchmark, path: str) -> list[Example]:
    """Check the examples of a file, and that streaming and memory agree on them."""
    examples = list(open_rows(path, benchmark, default_split="test", streaming=True))
    assert examples, f"{path} holds no row"
    ids = [example.id for example in examples]
    assert len(set(ids)) == len(ids), f"ids occur twice: {sorted({id for id in ids if ids.count(id) > 1})}; see row_id"
    start = f"{benchmark.name}/{Path(path).name.split('.')[0]}/"
    for example in examples:
        assert example.id.startswith(start), f"the id {example.id} does not start with {start}"
        check_example(example)
        check_answers(benchmark, example)
        check_retellings(benchmark, example)
    streamed, kept = (
        list(LatentDataModule(benchmark=benchmark, test=Path(path), streaming=streaming).test_dataloader())
        for streaming in (True, False)
    )
    assert streamed == kept, "rows give other examples in memory than streamed; let parse depend on the row alone"
    return examples


def check_example(example: Example) -> None:
    """Check that texts are stripped and there, steps lines, and the answer one of the options."""
    texts = {"question": example.question, "answer": example.answer}
    texts |= {f"steps[{number}]": step for number, step in enumerate(example.steps)}
    for name, text in texts.items():
        assert text == text.strip() != "", f"{example.id}: {name} is {text!r}; strip it, and refuse or drop empty ones"
        assert not name.startswith("steps") or "\n" not in text, f"{example.id}: {name} has a line break: {text!r}"
    for name in ("steps", "options"):
        found = getattr(example, name)
        assert isinstance(found, tuple), f"{example.id}: {name} is a {type(found).__name__}; make it a tuple"
    assert not example.options or example.answer in example.options, (
        f"{example.id}: the answer {example.answer!r} is none of the options {example.options}; write it the same"
    )
    assert pickle.loads(pickle.dumps(example)) == example, f"{example.id} does not survive pickling"


def check_answers(benchmark: Benchmark, example: Example) -> None:
    """Check that the gold answer, as models write it, is right, and nothing that is none."""

    def right(text: str) -> bool:
        return benchmark.matches(benchmark.extract(text), example.answer)

    steps = "\n".join(example.steps)
    for text in (f"### {example.answer}", f"{steps}\n### {example.answer}", f"#### {example.answer}\n"):
        assert right(text), f"{example.id}: {text!r} is wrong, though {example.answer!r} is the gold answer"
    for text in ("", "###", "### ", f"{steps}\n###", "Hm."):
        assert not right(text), f"{example.id}: {text!r} is right, though it holds no answer"
    taken = [option for option in example.options if right(f"### {option}")]
    assert taken == [example.answer] * bool(example.options), (
        f"{example.id}: of its options {taken} are right, and {example.answer!r} alone must be"
    )


def check_retellings(benchmark: Benchmark, example: Example) -> None:
    """Check a view and a counterfactual of a question, where there are any."""
    view = benchmark.view(example, random.Random(0))
    assert view == benchmark.view(example, random.Random(0)), f"{example.id}: a seed gives two views; draw by rng alone"
    if view is not None:
        back = view.back(view.example.answer)
        assert benchmark.matches(back, example.answer), (
            f"{example.id}: the gold answer of its view, translated back, is {back!r}, not {example.answer!r}"
        )
        check_answers(benchmark, view.example)
        assert sorted(view.order) == list(range(len(example.options))), (
            f"{example.id}: the order of its view is {view.order} for {len(example.options)} options"
        )
    other = benchmark.counterfactual(example, random.Random(0))
    if other is not None:
        assert not benchmark.matches(other.answer, example.answer), (
            f"{example.id}: its counterfactual has the same answer, {other.answer!r}"
        )
        check_answers(benchmark, other)
