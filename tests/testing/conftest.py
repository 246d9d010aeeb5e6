from tests.refinement.conftest import saved

__all__ = ["saved"]
