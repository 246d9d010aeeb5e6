"""One training example is question, markers around thoughts, remaining steps, answer; the right part is supervised."""

import pytest
import torch

from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.training.batch import IGNORED, collate
from lightning_latent.training.curriculum import Layout
from tests.models import make_reasoner

EXAMPLES = [
    Example("a", "Is Bob a wumpus or dumpus?", ("Bob is a gorpus.", "Every gorpus is a wumpus."), "Bob is a wumpus."),
    Example("b", "Every dumpus is a wumpus. Is Eva a lempus?", ("Eva is a lempus.",), "Eva is a lempus. Eva is a"),
    Example("c", "Is Tom a gorpus?", (), "gorpus."),
]


@pytest.fixture(scope="module")
def reasoner():
    return make_reasoner("gpt2")


def expected(reasoner, example, plan) -> tuple[list[int], list[int], list[int]]:
    """Prompt, what follows and its labels, pieced together by hand."""

    def ids(text):
        return reasoner.tokenizer(text, add_special_tokens=False)["input_ids"]

    start, end, latent = reasoner.tokenizer.convert_tokens_to_ids(["<|start-latent|>", "<|end-latent|>", "<|latent|>"])
    prompt = ids(example.question + "\n") + [start] * plan.markers
    thought = [latent] * plan.num_latents + [end] * plan.markers
    words = "".join(step + "\n" for step in example.steps[plan.skipped_steps :]) + "### " + example.answer
    said = [*ids(words), reasoner.tokenizer.eos_token_id]
    return prompt, thought + said, [IGNORED] * len(thought) + said


@pytest.mark.parametrize(
    "layouts",
    [
        [Layout(0, 0, True)] * 3,
        [Layout(0, 0, False)] * 3,
        [Layout(0, 9, False)] * 3,
        [Layout(2, 1, True)] * 3,
        [Layout(1, 1, True), Layout(4, 1, True), Layout(0, 0, True)],
    ],
    ids=["stage 0", "cot", "no cot", "stage 1", "ragged"],
)
def test_rows_are_what_they_say(reasoner, layouts):
    batch = collate(reasoner, EXAMPLES, layouts)
    for row, (example, plan) in enumerate(zip(EXAMPLES, layouts, strict=True)):
        prompt, rest, labels = expected(reasoner, example, plan)
        assert batch.prompt_ids[row, batch.prompt_mask[row].bool()].tolist() == prompt
        assert batch.prompt_mask[row, -len(prompt) :].all()  # padded on the left
        assert batch.rest_ids[row, : len(rest)].tolist() == rest
        assert batch.rest_mask[row].tolist() == [1] * len(rest) + [0] * (batch.rest_mask.shape[1] - len(rest))
        assert batch.labels[row, : len(rest)].tolist() == labels
        assert (batch.labels[row, len(rest) :] == IGNORED).all()
        assert batch.num_latents[row] == plan.num_latents
        mark = reasoner.tokenizer.convert_tokens_to_ids("###")
        assert batch.answer_start[row] == rest.index(mark)


def test_an_example_that_does_not_fit_is_named(reasoner):
    batch = collate(reasoner, EXAMPLES[:1], [Layout(0, 0, True)])
    room = 96 - int(batch.prompt_mask.sum() + batch.rest_mask.sum())
    fits = collate(reasoner, EXAMPLES[:1], [Layout(room, 0, True)])
    assert fits.prompt_ids.shape[1] + fits.rest_ids.shape[1] == 96
    with pytest.raises(UserError, match=r"example a takes 97 tokens .* context of 96") as caught:
        collate(reasoner, EXAMPLES[:1], [Layout(room + 1, 0, True)])
    assert "\n" not in str(caught.value)


def test_everything_is_integers(reasoner):
    assert {tensor.dtype for tensor in collate(reasoner, EXAMPLES, [Layout(1, 1, True)] * 3)} == {torch.int64}
