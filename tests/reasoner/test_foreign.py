"""Whatever a thought is, the loop is the slow reference, batching makes no difference, and gradients are right."""

import pytest
import torch

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentReasoner, load_reasoner, save_reasoner
from lightning_latent.reasoner.head import check_head
from lightning_latent.reasoner.identity import identify, weights_hash
from tests.models import ANSWERS, FAMILIES, LATENTS, QUESTIONS, make_reasoner
from tests.reasoner.foreign import make_foreign, naive_columns, naive_score, naive_words
from tests.reasoner.slopes import check_slopes

CLOSE = {"rtol": 0.0, "atol": 1e-9}
ASKED = [f" {question.replace('. ', '.  ')}\t" for question in QUESTIONS]  # untidy
KINDS = [*((family, True) for family in FAMILIES), ("gpt2", False)]


@pytest.fixture(params=KINDS, ids=str)
def reasoner(request):
    family, norm = request.param
    return make_foreign(family, norm=norm)


def everything(reasoner, questions, answers):
    rollout = reasoner.rollout(reasoner.encode(questions))
    concluded = reasoner.answer_context(rollout)
    return rollout.latents, reasoner.score(concluded, answers)[0], reasoner.decode(concluded, max_new_tokens=6)


@torch.no_grad()
def test_latents_words_and_scores_are_the_references(reasoner):
    latents, scores, rows = everything(reasoner, ASKED, ANSWERS)
    for index, (question, answer) in enumerate(zip(ASKED, ANSWERS, strict=True)):
        columns = naive_columns(reasoner, question)
        torch.testing.assert_close(latents[index], columns[0, -LATENTS - 2 : -2], **CLOSE)
        torch.testing.assert_close(scores[index], naive_score(reasoner, question, answer), **CLOSE)
        assert rows[index] == naive_words(reasoner, question, max_new_tokens=6)
    assert latents.std() > 0.1  # the comparison is of something


@torch.no_grad()
def test_neighbours_and_their_order_make_no_difference(reasoner):
    latents, scores, rows = everything(reasoner, ASKED, ANSWERS)
    some = [3, 1, 2]
    other = everything(reasoner, [ASKED[i] for i in some], [ANSWERS[i] for i in some])
    torch.testing.assert_close(other[0], latents[some], **CLOSE)
    torch.testing.assert_close(other[1], scores[some], **CLOSE)
    assert other[2] == [rows[i] for i in some]


@torch.no_grad()
def test_a_replayed_trajectory_makes_itself(reasoner):
    context = reasoner.encode(ASKED)
    rollout = reasoner.rollout(context)
    made, after = reasoner.replay(context, rollout.latents)
    torch.testing.assert_close(made[:, :-1], rollout.latents[:, 1:], **CLOSE)
    torch.testing.assert_close(reasoner.next_latent(context.hidden), rollout.latents[:, 0], **CLOSE)
    concluded = reasoner.conclude(context, rollout.latents)
    torch.testing.assert_close(concluded.hidden, reasoner.answer_context(rollout).hidden, **CLOSE)
    torch.testing.assert_close(reasoner.conclude(after, made[:, :0]).hidden, concluded.hidden, **CLOSE)


@torch.no_grad()
def test_a_token_that_may_not_be_said_is_not():
    reasoner = make_foreign()
    context = reasoner.answer_context(reasoner.rollout(reasoner.encode(ASKED)))
    head = reasoner.model.get_output_embeddings()
    # Let the last token's logit be above all others.
    head.weight[-1] = 1e3 * context.hidden[0]
    assert reasoner.logits(context.hidden)[0].argmax() == len(head.weight) - 1
    assert reasoner.decode(context, max_new_tokens=1)[0] != [len(head.weight) - 1]


def test_gradients_go_through_every_projection_and_into_no_weight():
    reasoner = make_foreign("gpt2")
    check_slopes(reasoner, ASKED, ANSWERS, steps=LATENTS)
    assert all(weight.grad is None and not weight.requires_grad for weight in reasoner.parameters())
    assert any(name.startswith("projection.") for name, _ in reasoner.named_parameters())


def test_latents_get_the_gradient_of_the_uncached_forward():
    reasoner = make_foreign("llama")
    with torch.no_grad():
        context = reasoner.encode(ASKED)
        start = reasoner.rollout(context).latents
    latents = start.clone().requires_grad_()
    reasoner.score(reasoner.conclude(context, latents), ANSWERS)[0].sum().backward()
    for index, (question, answer) in enumerate(zip(ASKED, ANSWERS, strict=True)):
        leaf = start[index : index + 1].clone().requires_grad_()
        naive_score(reasoner, question, answer, latents=leaf).backward()
        torch.testing.assert_close(latents.grad[index], leaf.grad[0], rtol=1e-6, atol=1e-7)


@torch.no_grad()
def test_half_precision_runs_and_single_says_the_same():
    exact, single = make_foreign(), make_foreign(dtype=torch.float32)
    assert everything(single, ASKED, ANSWERS)[2] == everything(exact, ASKED, ANSWERS)[2]
    half = make_foreign(dtype=torch.bfloat16)
    latents, scores, _ = everything(half, ASKED, ANSWERS)
    assert latents.dtype == torch.bfloat16 and latents.isfinite().all() and scores.isfinite().all()


@torch.no_grad()
@pytest.mark.parametrize("norm", [True, False])
def test_a_directory_gives_back_what_was_saved(norm, tmp_path):
    reasoner = make_foreign(dtype=torch.float32, norm=norm)
    save_reasoner(reasoner, tmp_path)
    loaded = load_reasoner(str(tmp_path)).freeze()
    check_head(loaded)
    assert loaded.metadata == reasoner.metadata
    first, second = everything(reasoner, ASKED, ANSWERS), everything(loaded, ASKED, ANSWERS)
    assert torch.equal(first[0], second[0]) and first[2] == second[2]
    assert load_reasoner(str(tmp_path), dtype="bfloat16").projection.up.weight.dtype == torch.bfloat16


def test_a_directory_without_its_projection_is_refused(tmp_path):
    save_reasoner(make_foreign(dtype=torch.float32), tmp_path)
    file = tmp_path / "projection.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"cannot read .*projection\.safetensors"):
        load_reasoner(str(tmp_path))
    file.unlink()
    with pytest.raises(UserError, match=r"lacks projection\.safetensors"):
        load_reasoner(str(tmp_path))
    save_reasoner(make_reasoner("gpt2", dtype=torch.float32, hidden=32, projection=True), tmp_path / "wider")
    (tmp_path / "wider" / "projection.safetensors").rename(file)
    with pytest.raises(UserError, match=r"down.bias is \(32,\), where a hidden size of 16 takes \(16,\)"):
        load_reasoner(str(tmp_path))


def test_the_projection_belongs_to_who_a_reasoner_is():
    reasoner = make_foreign()
    before = identify(reasoner.model, path="x", projection=reasoner.projection)["sha256"]
    assert before != weights_hash(reasoner.model)
    reasoner.projection.down.bias[0] += 1e-9
    assert before != identify(reasoner.model, path="x", projection=reasoner.projection)["sha256"]


def test_metadata_and_weights_agree_on_a_projection():
    reasoner = make_foreign()
    parts = (reasoner.model, reasoner.tokenizer, reasoner.metadata)
    with pytest.raises(UserError, match="say True of a projection"):
        LatentReasoner(*parts)
    with pytest.raises(UserError, match="say False of a projection"):
        LatentReasoner(*parts[:2], parts[2]._replace(projection=False), reasoner.projection)


def test_a_marker_that_is_no_row_is_told():
    with pytest.raises(UserError, match="the marker 999 is no row of the"):
        make_foreign(start=999)
