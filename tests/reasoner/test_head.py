"""The output head: applied only where a logit is read, and refused where it is not the whole story."""

import pytest
import torch
from transformers import AutoModelForCausalLM, CohereConfig, Gemma2Config, GraniteConfig

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentMetadata, LatentReasoner, add_markers
from lightning_latent.reasoner.head import check_head
from tests.models import ANSWERS, FAMILIES, QUESTIONS, make_reasoner, words


class Counter:
    """Rows that the output head was applied to since it was last asked."""

    def __init__(self, reasoner: LatentReasoner) -> None:
        self.rows = 0
        reasoner.model.get_output_embeddings().register_forward_hook(self._count)

    def _count(self, module, inputs, output) -> None:
        self.rows += inputs[0].numel() // inputs[0].shape[-1]

    def take(self) -> int:
        rows, self.rows = self.rows, 0
        return rows


@torch.no_grad()
def test_the_head_is_applied_only_where_a_logit_is_read():
    reasoner = make_reasoner()
    counter = Counter(reasoner)
    context = reasoner.encode(QUESTIONS)
    rollout = reasoner.rollout(context)
    reasoner.replay(context, rollout.latents)
    concluded = reasoner.answer_context(rollout)
    assert counter.take() == 0

    rows = reasoner.decode(concluded, max_new_tokens=7)
    assert counter.take() == len(QUESTIONS) * max(map(len, rows))

    _, tokens = reasoner.score(concluded, ANSWERS)
    words = sum(len(reasoner.tokenizer("### " + answer)["input_ids"]) + 1 for answer in ANSWERS)
    assert counter.take() == words == tokens.sum()
    assert words < len(ANSWERS) * tokens.max()  # none for padding


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_heads_pass_in_half_precision(family):
    check_head(make_reasoner(family, dtype=torch.bfloat16))


SMALL = {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 16}
SMALL |= {"num_attention_heads": 2, "num_key_value_heads": 2, "pad_token_id": 0, "eos_token_id": 0, "bos_token_id": 0}


@pytest.mark.parametrize(
    "config",
    [
        Gemma2Config(**SMALL, head_dim=8),  # caps logits softly
        GraniteConfig(**SMALL, logits_scaling=4.0),  # divides them
        CohereConfig(**SMALL),  # multiplies them
    ],
    ids=["gemma2", "granite", "cohere"],
)
def test_heads_that_are_not_all_are_refused(config):
    tokenizer = words()
    model = AutoModelForCausalLM.from_config(config)
    add_markers(model, tokenizer)
    reasoner = LatentReasoner(model, tokenizer, LatentMetadata(num_latents=2)).freeze()
    with pytest.raises(UserError, match="changes logits after its output head"):
        check_head(reasoner)
    assert not reasoner.model.get_output_embeddings()._forward_hooks


def test_a_scale_before_the_head_is_refused():
    reasoner = make_reasoner("llama")
    reasoner.model.get_output_embeddings().register_forward_pre_hook(lambda module, inputs: (inputs[0] * 0.9,))
    with pytest.raises(UserError, match="changes hidden states before its output head"):
        check_head(reasoner)


def test_a_model_without_a_head_is_refused():
    reasoner = make_reasoner("llama")
    reasoner.model.get_output_embeddings = lambda: None
    with pytest.raises(UserError, match="has no output head"):
        check_head(reasoner)
