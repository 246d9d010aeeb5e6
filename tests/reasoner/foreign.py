"""Reasoners that differ from Coconut in all that metadata can say, and the slow reference of what they compute."""

from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from lightning_latent.reasoner import LatentMetadata, LatentReasoner
from tests.models import LATENTS, config, make_projection, words
from tests.reasoner.naive import last_hidden

ANSWER = "<< "


def make_foreign(
    family: str = "gpt2", *, seed: int = 7, dtype: torch.dtype = torch.float64, norm: bool = True, **metadata: Any
) -> LatentReasoner:
    """A projection; markers that are rows behind the tokenizer's; ends of sequence around; other texts."""
    torch.manual_seed(seed)
    tokenizer = words()
    known = len(tokenizer)
    model = AutoModelForCausalLM.from_config(config(family, known + 3))
    said = {
        "num_latents": LATENTS,
        "start": known + 1,
        "end": known + 2,
        "latent": known,
        "question_end": "",
        "tidy_question": True,
        "eos_outside": True,
        "answer_start": ANSWER,
        "sayable": known + 2,
        "projection": True,
    }
    said = LatentMetadata(**{**said, **metadata})
    projection = make_projection(16, norm=norm).to(dtype) if said.projection else None
    return LatentReasoner(model.to(dtype), tokenizer, said, projection).freeze()


def project(reasoner: LatentReasoner, hidden: Tensor) -> Tensor:
    """The projection once more, from its weights alone: `[..., D]` to `[..., D]`."""
    weights = reasoner.projection.state_dict()
    inner = hidden @ weights["up.weight"].T + weights["up.bias"]
    inner = 0.5 * inner * (1 + torch.erf(inner / 2**0.5))
    outer = inner @ weights["down.weight"].T + weights["down.bias"]
    if "norm.weight" not in weights:
        return outer
    centred = outer - outer.mean(-1, keepdim=True)
    scaled = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    return scaled * weights["norm.weight"] + weights["norm.bias"]


def naive_columns(reasoner: LatentReasoner, question: str, latents: Tensor | None = None) -> Tensor:
    """Embeddings `[1, L, D]` from the question to the last closing token; latents not given are thought."""
    tokenizer, table = reasoner.tokenizer, reasoner.model.get_input_embeddings()
    known, eos = len(tokenizer), tokenizer.eos_token_id
    ids = tokenizer(question.strip().replace("  ", " "))["input_ids"]
    embeds = table(torch.tensor([[*ids, eos, known + 1]]))
    if latents is not None:
        embeds = torch.cat([embeds, latents], dim=1)
    for _ in range(LATENTS if latents is None else 0):
        new = project(reasoner, last_hidden(reasoner.model, embeds)[:, -1:])
        embeds = torch.cat([embeds, new], dim=1)
    return torch.cat([embeds, table(torch.tensor([[known + 2, eos]]))], dim=1)


def naive_logits(reasoner: LatentReasoner, embeds: Tensor) -> Tensor:
    """`[L, V]` of one row."""
    return reasoner.model(inputs_embeds=embeds, use_cache=False).logits[0]


def naive_words(reasoner: LatentReasoner, question: str, *, max_new_tokens: int) -> list[int]:
    """Greedy ids, everything read again for each."""
    embeds = naive_columns(reasoner, question)
    new: list[int] = []
    while len(new) < max_new_tokens and reasoner.tokenizer.eos_token_id not in new:
        new.append(int(naive_logits(reasoner, embeds)[-1, :-1].argmax()))
        embeds = torch.cat([embeds, reasoner.model.get_input_embeddings()(torch.tensor([[new[-1]]]))], dim=1)
    return new


def naive_score(reasoner: LatentReasoner, question: str, answer: str, latents: Tensor | None = None) -> Tensor:
    """Log-likelihood of an answer, the text before it and the end of sequence."""
    tokenizer = reasoner.tokenizer
    ids = torch.tensor([*tokenizer(ANSWER + answer)["input_ids"], tokenizer.eos_token_id])
    columns = naive_columns(reasoner, question, latents)
    embeds = torch.cat([columns, reasoner.model.get_input_embeddings()(ids)[None]], dim=1)
    said = naive_logits(reasoner, embeds)[columns.shape[1] - 1 : -1]
    return said.log_softmax(-1)[torch.arange(len(ids)), ids].sum()
