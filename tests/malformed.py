"""What malformed input must end in: one line, whatever is wrong."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lightning_latent.errors import UserError

LONGEST = 600  # characters of a line that a person reads

# Deterministic, so that a failure is everybody's; files of a test's folder are written anew for each example.
examples = lambda count: settings(  # noqa: E731
    max_examples=count,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)

# Any value that JSON and YAML can hold, and some that only look like numbers.
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["", " ", "null", "1e400", "-1", "{", "nan", "x" * 3000]),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def one_line(act: Callable[[], Any]) -> str | None:
    """The line that a `UserError` of an act says, checked to be one; None where nothing is refused."""
    try:
        act()
    except UserError as error:
        line = str(error)
        assert line and "\n" not in line and len(line) <= LONGEST, line
        return line
    return None
