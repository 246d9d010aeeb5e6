"""The latent loop, cached and batched, is one uncached forward with the latents' embeddings put in place."""

import pytest
import torch

from lightning_latent.reasoner.markers import END
from lightning_latent.reasoner.text import encode_answers, encode_questions, encode_step_rows, pad_left, pad_right
from tests.models import ANSWERS, FAMILIES, LATENTS, QUESTIONS, make_reasoner
from tests.reasoner.naive import last_hidden, naive_decode, naive_score

CLOSE = {"rtol": 0.0, "atol": 1e-9}


@pytest.fixture(params=FAMILIES)
def reasoner(request):
    return make_reasoner(request.param)


@torch.no_grad()
def test_one_forward_over_everything_gives_all_latents_and_logits(reasoner):
    context = reasoner.encode(QUESTIONS)
    rollout = reasoner.rollout(context)
    concluded = reasoner.answer_context(rollout)
    answers, answer_mask = pad_right(encode_answers(reasoner.tokenizer, ANSWERS), pad=reasoner.pad_id)
    said, _ = reasoner.extend(concluded, reasoner.embed(answers), answer_mask)

    rows = [[*row, reasoner.start_id] for row in encode_questions(reasoner.tokenizer, QUESTIONS)]
    ids, mask = pad_left(rows, pad=reasoner.pad_id)
    thought = torch.ones(len(rows), LATENTS + 1, dtype=mask.dtype)
    mask = torch.cat([mask, thought, answer_mask], dim=1)
    end = torch.full((len(rows), 1), reasoner.end_id)
    table = reasoner.model.get_input_embeddings()
    embeds = torch.cat([table(ids), rollout.latents, table(end), table(answers)], dim=1)
    places = {"attention_mask": mask, "position_ids": (mask.cumsum(1) - 1).clamp(min=0)}
    whole = last_hidden(reasoner.model, embeds, **places)
    logits = reasoner.model(inputs_embeds=embeds, use_cache=False, **places).logits

    first = ids.shape[1]
    torch.testing.assert_close(rollout.latents, whole[:, first - 1 : first - 1 + LATENTS], **CLOSE)
    at_end = first + LATENTS
    torch.testing.assert_close(concluded.hidden, whole[:, at_end], **CLOSE)
    torch.testing.assert_close(reasoner.logits(concluded.hidden), logits[:, at_end], **CLOSE)
    real = answer_mask.bool()
    torch.testing.assert_close(reasoner.logits(said)[real], logits[:, at_end + 1 :][real], **CLOSE)
    assert whole[mask.bool()].std() > 0.1  # the comparison is of something


@torch.no_grad()
@pytest.mark.parametrize(("family", "end"), [*((family, END) for family in FAMILIES), ("llama", None)])
def test_scores_are_those_of_each_question_alone_without_a_cache(family, end):
    reasoner = make_reasoner(family, end=end)
    scores, tokens = reasoner.score(reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS))), ANSWERS)
    expected = [naive_score(reasoner, question, answer) for question, answer in zip(QUESTIONS, ANSWERS, strict=True)]
    torch.testing.assert_close(scores, torch.stack([score for score, _ in expected]), **CLOSE)
    assert tokens.tolist() == [length for _, length in expected]


@torch.no_grad()
def test_steps_in_words_are_scored_with_the_answer_that_they_precede():
    reasoner = make_reasoner()
    steps = [["Bob is a yumpus.", "Every yumpus is a lempus."], [], ["Tom is a yumpus."], [], ["Bob is a dumpus."]]
    concluded = reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS)))
    scores, tokens = reasoner.score(concluded, ANSWERS, steps=steps)
    for row, (question, answer) in enumerate(zip(QUESTIONS, ANSWERS, strict=True)):
        context = reasoner.answer_context(reasoner.rollout(reasoner.encode([question])))
        total, count = context.hidden.new_zeros(()), 0
        said = encode_step_rows(reasoner.tokenizer, [steps[row]]) + encode_answers(reasoner.tokenizer, [answer])
        for piece in said:
            for token in piece:  # word by word
                total += reasoner.logits(context.hidden).log_softmax(-1)[0, token]
                context = reasoner.feed(context, reasoner.embed(torch.tensor([token])))
                count += 1
        torch.testing.assert_close(scores[row], total, **CLOSE)
        assert tokens[row] == count


@torch.no_grad()
def test_decoding_stops_each_row_where_uncached_decoding_of_it_alone_does(reasoner):
    def decode_all():
        context = reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS)))
        return reasoner.decode(context, max_new_tokens=12)

    # Random models hardly ever end; let a word that they say at different places be the end.
    reasoner.tokenizer.eos_token = "<unk>"
    endless = decode_all()
    firsts = {word: [row.index(word) if word in row else 12 for row in endless] for row in endless for word in row}
    end, places = max(firsts.items(), key=lambda item: len(set(item[1])))
    assert len(set(places)) > 1
    reasoner.tokenizer.eos_token = reasoner.tokenizer.convert_ids_to_tokens(end)

    rows = decode_all()
    assert rows == [naive_decode(reasoner, question, max_new_tokens=12) for question in QUESTIONS]
    assert [len(row) for row in rows] == [min(place + 1, 12) for place in places]


@torch.no_grad()
def test_replay_in_one_call_is_the_rollout_step_by_step(reasoner):
    context = reasoner.encode(QUESTIONS)
    rollout = reasoner.rollout(context, num_latents=5)
    made, after = reasoner.replay(context, rollout.latents)
    torch.testing.assert_close(made[:, :-1], rollout.latents[:, 1:], **CLOSE)
    torch.testing.assert_close(made[:, -1], reasoner.feed(rollout.context, rollout.latents[:, -1]).hidden, **CLOSE)
    # And the answer goes on from either in the same way.
    here = reasoner.conclude(after, rollout.latents[:, :0])
    there = reasoner.conclude(context, rollout.latents)
    torch.testing.assert_close(here.hidden, reasoner.answer_context(rollout).hidden, **CLOSE)
    torch.testing.assert_close(there.hidden, here.hidden, **CLOSE)


@torch.no_grad()
def test_a_refinement_sees_what_was_fed_and_decides_what_is():
    reasoner = make_reasoner()
    context = reasoner.encode(QUESTIONS)
    seen = []

    def refine(step, fed, latent):
        seen.append((step, list(fed), latent))
        return latent + step

    latents = reasoner.rollout(context, refine=refine).latents
    assert [step for step, _, _ in seen] == list(range(LATENTS))
    made, _ = reasoner.replay(context, latents)
    for step, fed, latent in seen:
        torch.testing.assert_close(torch.stack([latents[:, 0] * 0, *fed], dim=1)[:, 1:], latents[:, :step], **CLOSE)
        torch.testing.assert_close(latents[:, step], latent + step, **CLOSE)
        if step:
            torch.testing.assert_close(latent, made[:, step - 1], **CLOSE)


@torch.no_grad()
def test_a_reasoner_without_latents_answers_after_its_markers():
    reasoner = make_reasoner(num_latents=0)
    rollout = reasoner.rollout(reasoner.encode(QUESTIONS))
    assert rollout.latents.shape == (len(QUESTIONS), 0, reasoner.hidden_size)
    concluded = reasoner.answer_context(rollout)
    ids = [*reasoner.tokenizer(QUESTIONS[0] + "\n")["input_ids"], reasoner.start_id, reasoner.end_id]
    expected = last_hidden(reasoner.model, reasoner.embed(torch.tensor([ids])))[0, -1]
    torch.testing.assert_close(concluded.hidden[0], expected, **CLOSE)


@torch.no_grad()
def test_a_reasoner_without_markers_answers_after_the_question():
    reasoner = make_reasoner(num_latents=0, markers=False)
    concluded = reasoner.answer_context(reasoner.rollout(reasoner.encode(QUESTIONS)))
    ids = reasoner.tokenizer(QUESTIONS[1] + "\n")["input_ids"]
    expected = last_hidden(reasoner.model, reasoner.embed(torch.tensor([ids])))[0, -1]
    torch.testing.assert_close(concluded.hidden[1], expected, **CLOSE)


@torch.no_grad()
def test_pause_thoughts_are_the_latent_token_itself():
    reasoner = make_reasoner("gpt2", thought="pause")
    rollout = reasoner.rollout(reasoner.encode(QUESTIONS))
    row = reasoner.embed(torch.tensor(reasoner.latent_id))
    assert torch.equal(rollout.latents, row.expand(len(QUESTIONS), LATENTS, -1))
    ids = reasoner.tokenizer(QUESTIONS[3] + "\n")["input_ids"]
    ids += [reasoner.start_id, *[reasoner.latent_id] * LATENTS, reasoner.end_id]
    expected = last_hidden(reasoner.model, reasoner.embed(torch.tensor([ids])))[0, -1]
    torch.testing.assert_close(reasoner.answer_context(rollout).hidden[3], expected, **CLOSE)
