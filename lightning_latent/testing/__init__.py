"""What benchmarks, objectives and other parts of one's own must keep to, as checks for any test runner.

Each check is a function that fails by an `AssertionError` which says what is wrong; it needs no network, no accelerator
and a few seconds on the reasoner that comes with the package:

    from lightning_latent.testing import check_objective

    def test_my_objective():
        check_objective(MyObjective(rate=0.3))
"""

from lightning_latent.testing.benchmarks import check_benchmark
from lightning_latent.testing.learned import check_learned
from lightning_latent.testing.objectives import check_objective
from lightning_latent.testing.questions import check_question_callback

__all__ = ["check_benchmark", "check_learned", "check_objective", "check_question_callback"]
