import torch
from transformers import DynamicCache

from lightning_latent.upstream import detach_cache, fork_cache


def cache(*, requires_grad: bool = False) -> DynamicCache:
    states = [torch.randn(2, 1, 3, 4, requires_grad=requires_grad) for _ in range(4)]
    return DynamicCache(zip(states[::2], states[1::2], strict=True))


def pointers(cache: DynamicCache) -> list[int]:
    return [tensor.data_ptr() for keys, values, *_ in cache for tensor in (keys, values)]


def test_a_fork_shares_what_was_read_and_grows_alone():
    original = cache()
    fork = fork_cache(original)
    assert pointers(fork) == pointers(original)
    before = [keys.clone() for keys, *_ in original]
    fork.update(torch.randn(2, 1, 1, 4), torch.randn(2, 1, 1, 4), 0)
    assert fork.get_seq_length() == 4 and original.get_seq_length() == 3
    assert all(torch.equal(keys, old) for (keys, *_), old in zip(original, before, strict=True))


def test_a_detached_cache_is_where_it_was_without_its_history():
    original = cache(requires_grad=True)
    fork = fork_cache(original)
    detach_cache(fork)
    assert pointers(fork) == pointers(original)
    assert not any(tensor.requires_grad for keys, values, *_ in fork for tensor in (keys, values))
    assert all(keys.requires_grad for keys, *_ in original)
