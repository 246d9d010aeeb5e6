"""How many ProsQA questions are answered without following the path, by looking at the candidates alone?

    python benchmarks/prosqa_shortcut.py --questions embedded:prosqa_test

The rule: of the two candidates, take the one that is farther below the nearest node that nothing points to. It needs no
search from the person asked about, only a look backwards from either candidate. A benchmark that it answers cannot tell
a model that reasons from one that looks; a tie counts half.
"""

from jsonargparse import auto_cli

from lightning_latent.data import Example, ExampleSource, ProsQA
from lightning_latent.data.streaming.row_source import open_rows


def score(example: Example) -> float:
    """1 where the rule is right, 0 where it is wrong, a half where it cannot decide."""
    answer = ProsQA().shortcut(example)
    return 0.5 if answer is None else float(answer == example.answer)


def main(questions: str | ExampleSource = "embedded:prosqa_test") -> None:
    """Print the share of questions that the rule answers.

    Args:
        questions: File, hub dataset, `embedded:` name or source of the questions.
    """
    is_name = isinstance(questions, str)
    source = open_rows(questions, ProsQA(), default_split="test", streaming=True) if is_name else questions
    scores = [score(example) for example in source]
    print(f"{len(scores):,} questions: {100 * sum(scores) / len(scores):.1f} % by depth alone")


if __name__ == "__main__":
    auto_cli(main, as_positional=False)
