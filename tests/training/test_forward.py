"""Loss and gradients against a reference that reads each row alone, again for every latent, without a cache."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from lightning_latent.data.example import Example
from lightning_latent.training.batch import collate
from lightning_latent.training.curriculum import Layout
from lightning_latent.training.forward import rest_hidden, training_forward
from tests.models import make_reasoner
from tests.reasoner.naive import last_hidden

EXAMPLES = [
    Example(
        "a",
        "Every dumpus is a gorpus. Bob is a dumpus. Every gorpus is a lempus. Is Bob a lempus or yumpus?",
        ("Bob is a dumpus.", "Every dumpus is a gorpus.", "Every gorpus is a lempus."),
        "Bob is a lempus.",
    ),
    Example("b", "Is Eva a wumpus?", ("Eva is a wumpus.",), "Eva is a wumpus."),
    Example("c", "Tom is a sterpus. Is Tom a sterpus or dumpus?", ("Tom is a sterpus.", "Tom is a dumpus."), "dumpus."),
]
LAYOUTS = {
    "stage 0": [Layout(0, 0, True)] * 3,
    "stage 2": [Layout(2, 2, True)] * 3,
    "beyond": [Layout(4, 9, True)] * 3,
    "one thought": [Layout(1, 1, True)] * 3,
    "ragged": [Layout(4, 2, True), Layout(0, 0, True), Layout(1, 1, True)],
    "ragged, one in words alone": [Layout(2, 1, True), Layout(0, 0, False), Layout(6, 9, True)],
    "cot": [Layout(0, 0, False)] * 3,
    "no cot": [Layout(0, 9, False)] * 3,
}


def trainable(family, **metadata):
    reasoner = make_reasoner(family, **metadata)
    reasoner.requires_grad_(True)  # dropout stays off
    return reasoner


def naive_losses(reasoner, example, plan, thought) -> list[torch.Tensor]:
    """Cross-entropy of every supervised word of one example."""
    model, tokenizer = reasoner.model, reasoner.tokenizer

    def embed(text):
        ids = text if isinstance(text, list) else tokenizer(text, add_special_tokens=False)["input_ids"]
        return model.get_input_embeddings()(torch.tensor([ids], dtype=torch.long)), ids

    start, end, latent = tokenizer.convert_tokens_to_ids(["<|start-latent|>", "<|end-latent|>", "<|latent|>"])
    embeds, _ = embed(tokenizer(example.question + "\n")["input_ids"] + [start] * plan.markers)
    for _ in range(plan.num_latents):
        new = reasoner.next_latent(last_hidden(model, embeds)[:, -1:]) if thought == "hidden" else embed([latent])[0]
        embeds = torch.cat([embeds, new], dim=1)
    embeds = torch.cat([embeds, embed([end] * (plan.markers and reasoner.metadata.end is not None))[0]], dim=1)
    steps = "".join(step + "\n" for step in example.steps[plan.skipped_steps :])
    words, ids = embed([*embed(steps + "### " + example.answer)[1], tokenizer.eos_token_id])
    logits = model(inputs_embeds=torch.cat([embeds, words], dim=1), use_cache=False).logits[0]
    said = logits[embeds.shape[1] - 1 : -1]
    return list(cross_entropy(said, torch.tensor(ids), reduction="none"))


# Where there are no thoughts, both kinds of them are the same.
THOUGHTFUL = ("stage 2", "beyond", "one thought", "ragged", "ragged, one in words alone")
END = "<|end-latent|>"
CASES = [
    *(("gpt2", name, "hidden", END) for name in LAYOUTS),
    *(("gpt2", name, "pause", END) for name in THOUGHTFUL),
    *((family, name, "hidden", END) for family in ("llama", "mistral-sliding") for name in ("beyond", "ragged")),
    ("mistral-sliding", "ragged", "pause", END),
    *(("gpt2", name, "hidden", None) for name in ("stage 0", "ragged")),
    ("llama", "ragged", "pause", None),
]


@pytest.mark.parametrize(("family", "layouts", "thought", "end"), CASES)
def test_loss_and_gradients_are_the_references(family, layouts, thought, end):
    layouts = LAYOUTS[layouts]
    reasoner = trainable(family, end=end, thought=thought)
    weights = dict(reasoner.model.named_parameters())
    out = training_forward(reasoner, collate(reasoner, EXAMPLES, layouts))
    ours = torch.autograd.grad(out.loss, weights.values(), allow_unused=True)
    rows = [naive_losses(reasoner, example, plan, thought) for example, plan in zip(EXAMPLES, layouts, strict=True)]
    loss = torch.stack([loss for row in rows for loss in row]).mean()  # the mean over words, not over rows
    theirs = torch.autograd.grad(loss, weights.values(), allow_unused=True)
    exact = family == "gpt2"  # RMS norms compute in float32
    torch.testing.assert_close(out.loss, loss, rtol=0.0, atol=1e-9)
    for name, mine, reference in zip(weights, ours, theirs, strict=True):
        close = {"rtol": 1e-8, "atol": 1e-10} if exact else {"rtol": 1e-4, "atol": 1e-5}
        torch.testing.assert_close(mine, reference, **close, msg=lambda text, name=name: f"{name}: {text}")


@torch.no_grad()
def test_answers_count_as_right_when_every_word_of_them_would_be_said():
    reasoner = trainable("gpt2")
    plan = Layout(2, 1, True)
    # Let the model say what it says, and call that the answer of one example.
    batch = collate(reasoner, EXAMPLES[:1], [plan])
    out = training_forward(reasoner, batch)
    assert not out.answer_correct[0]
    for _ in range(batch.rest_ids.shape[1]):  # each word depends on those before it
        said = greedy(reasoner, batch)
        supervised = batch.labels != -100
        if torch.equal(said[supervised], batch.labels[supervised]):
            break
        ids = torch.where(supervised, said, batch.rest_ids)
        batch = batch._replace(rest_ids=ids, labels=torch.where(supervised, said, batch.labels))
    out = training_forward(reasoner, batch)
    assert out.answer_correct[0]
    # Wrong in a step, right in the answer.
    start = int(batch.answer_start)
    labels = batch.labels.clone()
    labels[0, start - 1] += 1
    out = training_forward(reasoner, batch._replace(labels=labels))
    assert out.answer_correct[0]


@pytest.mark.parametrize("layouts", ["beyond", "ragged"])
def test_a_projection_learns_with_the_model(layouts):
    layouts = LAYOUTS[layouts]
    reasoner = trainable("gpt2", projection=True)
    out = training_forward(reasoner, collate(reasoner, EXAMPLES, layouts))
    rows = [naive_losses(reasoner, example, plan, "hidden") for example, plan in zip(EXAMPLES, layouts, strict=True)]
    loss = torch.stack([loss for row in rows for loss in row]).mean()
    torch.testing.assert_close(out.loss, loss, rtol=0.0, atol=1e-9)
    weights = list(reasoner.projection.parameters())
    pairs = zip(torch.autograd.grad(out.loss, weights), torch.autograd.grad(loss, weights), strict=True)
    for ours, theirs in pairs:
        assert ours.abs().sum() > 0
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)


def greedy(reasoner, batch) -> torch.Tensor:
    return reasoner.logits(rest_hidden(reasoner, batch)).argmax(-1)


@pytest.mark.parametrize("layouts", ["stage 0", "one thought", "ragged", "cot"])
def test_latents_cost_a_call_each_and_the_head_sees_supervised_words_alone(layouts):
    reasoner = trainable("gpt2")
    calls, columns, rows = [], [], []
    reasoner.model.base_model.register_forward_hook(lambda *hook: calls.append(1))
    reasoner.model.base_model.h[0].register_forward_hook(lambda module, args, out: columns.append(args[0].shape[1]))
    reasoner.model.lm_head.register_forward_hook(lambda module, args, out: rows.append(args[0].shape[:-1].numel()))
    batch = collate(reasoner, EXAMPLES, LAYOUTS[layouts])
    training_forward(reasoner, batch)
    latents = max(plan.num_latents for plan in LAYOUTS[layouts])
    assert len(calls) == max(latents, 1) + 1
    assert sum(columns) == batch.prompt_ids.shape[1] + batch.rest_ids.shape[1]  # each column once
    assert rows == [int((batch.labels != -100).sum())]


def test_neighbours_make_no_difference():
    reasoner = trainable("llama")
    layouts = LAYOUTS["ragged"]
    together = training_forward(reasoner, collate(reasoner, EXAMPLES, layouts)).loss
    lengths, losses = [], []
    for example, plan in zip(EXAMPLES, layouts, strict=True):
        batch = collate(reasoner, [example], [plan])
        lengths.append(int((batch.labels != -100).sum()))
        losses.append(training_forward(reasoner, batch).loss * lengths[-1])
    torch.testing.assert_close(together, sum(losses) / sum(lengths), rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("per_step", [1, 2])
def test_latents_may_be_taught_to_say_the_last_words_of_their_steps(per_step):
    reasoner = trainable("gpt2")
    layouts = [Layout(2 * per_step, 2, True), Layout(2 * per_step, 1, True), Layout(0, 0, True)]
    batch = collate(reasoner, EXAMPLES, layouts, said_per_step=per_step)
    out = training_forward(reasoner, batch)
    losses = []
    for example, plan in zip(EXAMPLES, layouts, strict=True):
        embeds = reasoner.embed(
            torch.tensor([reasoner.tokenizer(example.question + "\n")["input_ids"] + [reasoner.start_id]])
        )
        for step in example.steps[: plan.skipped_steps if plan.num_latents else 0]:
            word = reasoner.tokenizer(" " + step.split()[-1].rstrip("."), add_special_tokens=False)["input_ids"]
            for said in (word + word[-1:])[:per_step]:
                hidden = last_hidden(reasoner.model, embeds)[:, -1:]
                losses.append(cross_entropy(reasoner.logits(hidden)[0], torch.tensor([said])))
                embeds = torch.cat([embeds, hidden], dim=1)
    assert len(losses) == 3 * per_step
    torch.testing.assert_close(out.thoughts, torch.stack(losses).mean(), rtol=0.0, atol=1e-9)
    # The words' loss is what it is without.
    plain = training_forward(reasoner, collate(reasoner, EXAMPLES, layouts))
    torch.testing.assert_close(out.loss, plain.loss, rtol=0.0, atol=1e-12)
    assert plain.thoughts == 0
