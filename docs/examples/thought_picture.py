"""The picture of docs/what-is-a-thought.md: `python docs/examples/thought_picture.py docs/img/thought.png`."""

import sys
from pathlib import Path

from lightning_latent import BalancedProsQA, load_reasoner
from lightning_latent.evaluation.figure import save_figure
from lightning_latent.showing import read_thoughts, step_words, thought_figure


def main(path: str) -> None:
    """Draw the thoughts about the first of the generator's questions."""
    reasoner = load_reasoner("embedded:final")
    examples = list(BalancedProsQA(size=60, split="evaluation", dead_ends=2, min_hops=3, max_hops=4))
    words = step_words(reasoner, examples)[0]  # many questions tell what is grammar
    latents = reasoner.think([example.question for example in examples]).latents[0]
    said = read_thoughts(reasoner, words, latents)
    figure = thought_figure({"what each latent speaks of": said}, examples[0].steps, title=_asked(examples[0].question))
    save_figure(figure, Path(path))


def _asked(question: str) -> str:
    """The question's last sentence, without the facts."""
    return question.rpartition(". ")[2]


if __name__ == "__main__":
    main(*sys.argv[1:])
