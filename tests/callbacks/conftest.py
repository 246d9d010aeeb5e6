from pathlib import Path

import pytest

from tests.refinement.models import save_all


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `base`, `strong` and `weak`."""
    directory = tmp_path_factory.mktemp("reasoners")
    save_all(directory)
    return directory
