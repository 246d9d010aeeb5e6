import pytest
import torch

from lightning_latent.data import BalancedProsQA, ProsQA
from lightning_latent.data.streaming.row_source import open_rows
from lightning_latent.embedded import resolve
from lightning_latent.errors import UserError
from lightning_latent.reasoner import load_reasoner


def test_other_paths_stay():
    assert resolve("some/dir") == "some/dir"


def test_unknown_name_lists_what_there_is():
    with pytest.raises(UserError, match="prosqa_valid"):
        resolve("embedded:nothing")


@pytest.mark.parametrize(("name", "count"), [("prosqa_valid", 300), ("prosqa_test", 500)])
def test_official_questions_are_whole(name, count):
    source = open_rows(f"embedded:{name}", ProsQA(), default_split="validation", streaming=True)
    examples = list(source)
    assert len({example.id for example in examples}) == count == len(source)
    assert all(example.steps[-1].endswith(example.answer.split(" is a ")[1]) for example in examples)


@torch.no_grad()
def test_the_reasoner_answers_from_what_is_in_its_latents():
    source = BalancedProsQA(size=300, seed=5, split="evaluation", dead_ends=2, min_hops=3, max_hops=4)
    examples = list(source)
    reasoner = load_reasoner("embedded:final").freeze()
    context = reasoner.encode([example.question for example in examples])
    latents = reasoner.rollout(context).latents

    def accuracy(thoughts: torch.Tensor) -> float:
        texts, _ = reasoner.decode_texts(reasoner.conclude(context, thoughts), max_new_tokens=16)
        judge = ProsQA()
        return sum(judge.matches(judge.extract(t), e.answer) for t, e in zip(texts, examples, strict=True)) / 300

    own = accuracy(latents)
    assert 0.7 < own < 0.95
    assert accuracy(latents.mean(0).expand_as(latents)) < own - 0.1  # a constant vector for each step
    assert accuracy(latents.roll(1, dims=0)) < own - 0.1  # another question's
