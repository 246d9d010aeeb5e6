from pathlib import Path

import pytest

from tests.refinement.models import save_all


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `base`, a tiny reasoner with random weights."""
    directory = tmp_path_factory.mktemp("reasoners")
    save_all(directory)
    return directory
