"""Surroundings of every test: one thread, no network, nothing left behind."""

import os
import socket
import tempfile
from collections.abc import Iterator

# Before torch and the Hugging Face libraries are imported, which read them once.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run beside each other's processes; the models are tiny
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
_HF_HOME = tempfile.TemporaryDirectory(prefix="lightning_latent_tests_")
os.environ["HF_HOME"] = _HF_HOME.name

import pytest
import torch
import torch.distributed as dist


@pytest.fixture(autouse=True)
def restored_surroundings() -> Iterator[None]:
    """Give every test the same environment and the same random numbers, and no other test's processes."""
    environment, threads = dict(os.environ), torch.get_num_threads()
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)
    os.environ.clear()
    os.environ.update(environment)
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to other machines."""
    connect = socket.socket.connect

    def local_connect(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("localhost", "127.0.0.1", "::1"):
            raise OSError(f"tests use no network, and this one connects to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_connect)
