"""The method once more, as slowly and plainly as it can be written: one question, no cache, autograd for gradients.

Legend: K latents so far, T latents, D hidden size. Options carry the names of DESIGN's symbols.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from lightning_latent.reasoner import LatentReasoner


class Options(NamedTuple):
    eta: float = 0.0
    relative: bool = True
    ascend: bool = False
    through: bool = False
    same_slot: bool = False
    alpha: float = 0.0
    beta: float = 0.0
    iterations: int = 1


class Models(NamedTuple):
    base: LatentReasoner
    strong: LatentReasoner | None  # None: its term does not count
    weak: LatentReasoner | None


Maps = list[dict[str, Tensor]]
"""`A`, `B` and `b` of each step."""


def columns(reasoner: LatentReasoner, question: str) -> Tensor:
    tokenizer = reasoner.tokenizer
    ids = tokenizer(question + "\n")["input_ids"]
    if reasoner.metadata.markers:
        ids = [*ids, tokenizer.convert_tokens_to_ids("<|start-latent|>")]
    return reasoner.model.get_input_embeddings()(torch.tensor(ids))


def states(reasoner: LatentReasoner, question: str, latents: Tensor) -> Tensor:
    """`[K + 1, D]`: the last hidden states at the question's end and at each latent of `[K, D]`, by one forward."""
    embeds = torch.cat([columns(reasoner, question), latents])
    out = reasoner.model(inputs_embeds=embeds[None], use_cache=False, output_hidden_states=True)
    return out.hidden_states[-1][0, -len(latents) - 1 :]


def read(reasoner: LatentReasoner, question: str, latents: Tensor) -> Tensor:
    """`[K + 1, D]`: what these hidden states become as latents."""
    hidden, weights = states(reasoner, question, latents), reasoner.projection
    if weights is None:
        return hidden
    inner = torch.nn.functional.gelu(hidden @ weights.up.weight.T + weights.up.bias)
    outer = inner @ weights.down.weight.T + weights.down.bias
    centred = outer - outer.mean(-1, keepdim=True)
    scaled = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    return scaled * weights.norm.weight + weights.norm.bias


def corrected(latent: Tensor, maps: Maps | None, step: int) -> Tensor:
    """`h + (h A) B + b`, for `[..., D]`."""
    return latent if maps is None else latent + (latent @ maps[step]["A"]) @ maps[step]["B"] + maps[step]["b"]


def rollout(reasoner: LatentReasoner, question: str, total: int, maps: Maps | None = None) -> Tensor:
    latents = torch.zeros(0, reasoner.hidden_size, dtype=reasoner.dtype)
    for step in range(total):
        latents = torch.cat([latents, corrected(read(reasoner, question, latents)[-1:], maps, step)])
    return latents.detach()


def at_end_marker(reasoner: LatentReasoner, question: str, latents: Tensor) -> Tensor:
    """`[D]`, where the answer starts."""
    end = reasoner.tokenizer.convert_tokens_to_ids("<|end-latent|>")
    return states(reasoner, question, torch.cat([latents, reasoner.model.get_input_embeddings().weight[end][None]]))[-1]


def gradient(models: Models, question: str, fed: Tensor, moving: Tensor, options: Options) -> Tensor:
    """`[K, D]`: of the objective in K moving latents after those fed before."""
    moving = moving.clone().requires_grad_()
    loss = torch.zeros(())
    for sign, model in ((1, models.strong), (-1, models.weak)):
        if model is None:
            continue
        states = read(model, question, torch.cat([fed, moving]))[len(fed) :]
        output = states[:-1] if options.same_slot else states[1:]
        # In the same slot, a latent is compared with what was said before it: that is not to be moved by it.
        output = output if options.through and not options.same_slot else output.detach()
        loss = loss + sign * sum(mse_loss(output[k], moving[k]) for k in range(len(moving)))
    return torch.autograd.grad(loss, moving)[0]


def displacement(latents: Tensor, gradient: Tensor, options: Options) -> Tensor:
    direction = gradient if options.ascend else -gradient
    if options.relative:
        direction = torch.stack([d / d.norm() * h.norm() for d, h in zip(direction, latents, strict=True)])
    return options.eta * direction


def stepwise(models: Models, question: str, options: Options, total: int, maps: Maps | None = None) -> Tensor:
    """Refined latents `[T, D]`."""
    fed = torch.zeros(0, models.base.hidden_size, dtype=models.base.dtype)
    history = None
    for step in range(total):
        latent = corrected(read(models.base, question, fed)[-1:].detach(), maps, step)
        if len(fed):
            latent = options.alpha * fed[-1:] + (1 - options.alpha) * latent
        for _ in range(options.iterations if options.eta else 0):
            update = displacement(latent, gradient(models, question, fed, latent, options), options)
            history = update if history is None else options.beta * history + (1 - options.beta) * update
            latent = latent + history
        fed = torch.cat([fed, latent])
    return fed


def trajectory(models: Models, question: str, options: Options, total: int, maps: Maps | None = None) -> Tensor:
    """Refined latents `[T, D]`."""
    latents = rollout(models.base, question, total, maps)
    for t in range(1, total):
        latents[t] = options.alpha * latents[t - 1] + (1 - options.alpha) * latents[t]
    history = None
    for _ in range(options.iterations if options.eta else 0):
        update = displacement(latents, gradient(models, question, latents[:0], latents, options), options)
        history = update if history is None else options.beta * history + (1 - options.beta) * update
        latents = latents + history
    return latents


def words(reasoner: LatentReasoner, question: str, latents: Tensor, ids: list[int]) -> Tensor:
    """`[K, V]`: the logits at the end marker after latents `[T, D]`, and at each of K tokens after it but the last."""
    end = reasoner.tokenizer.convert_tokens_to_ids("<|end-latent|>")
    said = reasoner.model.get_input_embeddings()(torch.tensor([end, *ids]))
    embeds = torch.cat([columns(reasoner, question), latents, said])
    return reasoner.model(inputs_embeds=embeds[None], use_cache=False).logits[0, -len(ids) - 1 : -1]


def likelihood(reasoner: LatentReasoner, question: str, latents: Tensor, answer: str) -> Tensor:
    """`log p(answer)` after latents `[T, D]`."""
    tokenizer = reasoner.tokenizer
    ids = [*tokenizer("### " + answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    logits = words(reasoner, question, latents, ids)
    return logits.log_softmax(-1)[torch.arange(len(ids)), torch.tensor(ids)].sum()


def likelihood_loss(reasoner: LatentReasoner, question: str, answer: str, maps: Maps, *, alpha: float = 0.0) -> Tensor:
    """`-log p(answer)` after T latents, each corrected, and blended with the one before, before it is fed."""
    latents = torch.zeros(0, reasoner.hidden_size, dtype=reasoner.dtype)
    for step in range(len(maps)):
        latent = corrected(read(reasoner, question, latents)[-1:], maps, step)
        if len(latents):
            latent = alpha * latents[-1:] + (1 - alpha) * latent
        latents = torch.cat([latents, latent])
    return -likelihood(reasoner, question, latents, answer)


def scheduled_loss(models: Models, question: str, answer: str, alpha: Tensor, eta: Tensor, options: Options) -> Tensor:
    """The same with an alpha and an eta for each of T steps; how callbacks move a latent is held constant."""
    latents = torch.zeros(0, models.base.hidden_size, dtype=models.base.dtype)
    for step in range(len(alpha)):
        latent = read(models.base, question, latents)[-1:]
        if len(latents):
            latent = alpha[step] * latents[-1:] + (1 - alpha[step]) * latent
        still = latent.detach()
        move = displacement(still, gradient(models, question, latents.detach(), still, options), options)
        latents = torch.cat([latents, latent + eta[step] * move])
    return -likelihood(models.base, question, latents, answer)
