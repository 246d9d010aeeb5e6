"""The reference: latent reasoning by uncached forwards over everything, one question alone, without the package."""

import torch
from transformers import PreTrainedModel

from lightning_latent.reasoner import LatentReasoner
from tests.models import LATENTS


def last_hidden(model: PreTrainedModel, embeds: torch.Tensor, **options) -> torch.Tensor:
    """`[B, L, D]` after the final norm, all columns at once and without a cache."""
    out = model(inputs_embeds=embeds, use_cache=False, output_hidden_states=True, **options)
    return out.hidden_states[-1]


def naive_embeds(reasoner: LatentReasoner, question: str, latents: torch.Tensor | None = None) -> torch.Tensor:
    """Embeddings `[1, L, D]` of question, start, latents and end; latents not given take a forward over all each."""
    model, tokenizer = reasoner.model, reasoner.tokenizer
    table = model.get_input_embeddings()
    ids = tokenizer(question + "\n")["input_ids"] + [tokenizer.convert_tokens_to_ids("<|start-latent|>")]
    embeds = table(torch.tensor([ids]))
    if latents is not None:
        embeds = torch.cat([embeds, latents], dim=1)
    for _ in range(LATENTS if latents is None else 0):
        embeds = torch.cat([embeds, last_hidden(model, embeds)[:, -1:]], dim=1)
    if reasoner.metadata.end is None:
        return embeds
    end = tokenizer.convert_tokens_to_ids("<|end-latent|>")
    return torch.cat([embeds, table(torch.tensor([[end]]))], dim=1)


def naive_decode(reasoner: LatentReasoner, question: str, *, max_new_tokens: int) -> list[int]:
    """Greedy decoding that reads everything again for each token, one question alone."""
    embeds = naive_embeds(reasoner, question)
    new: list[int] = []
    while len(new) < max_new_tokens:
        token = reasoner.model(inputs_embeds=embeds, use_cache=False).logits[0, -1].argmax()
        new.append(int(token))
        if token == reasoner.tokenizer.eos_token_id:
            break
        embeds = torch.cat([embeds, reasoner.model.get_input_embeddings()(token)[None, None]], dim=1)
    return new


def naive_score(
    reasoner: LatentReasoner, question: str, answer: str, latents: torch.Tensor | None = None
) -> tuple[torch.Tensor, int]:
    """Log-likelihood and length of an answer by one forward over everything."""
    tokenizer = reasoner.tokenizer
    ids = torch.tensor([[*tokenizer("### " + answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]])
    embeds = torch.cat([naive_embeds(reasoner, question, latents), reasoner.model.get_input_embeddings()(ids)], dim=1)
    logits = reasoner.model(inputs_embeds=embeds, use_cache=False).logits[:, -ids.shape[1] - 1 : -1]
    return logits.log_softmax(-1).gather(-1, ids[..., None]).sum(), ids.shape[1]
