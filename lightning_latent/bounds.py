"""Numbers within bounds, as types of constructors' arguments: the command line refuses others by the key's name.

They are plain numbers to a type checker and in Python, where nothing is checked. Not-a-number, infinity, `true`, and
2.5 where a whole number is asked for, are in none of them.
"""

from typing import Annotated, Any

from pydantic import AllowInfNan, BeforeValidator, Field


def _no_switch(value: Any) -> Any:
    """Refuse `true`, which Python takes for 1."""
    if isinstance(value, bool):
        raise ValueError("a number, not true or false")
    return value


_MANY = 2**31 - 1  # so that no tensor's size overflows
_Number = BeforeValidator(_no_switch)

PositiveInt = Annotated[int, _Number, Field(ge=1, le=_MANY)]
NonNegativeInt = Annotated[int, _Number, Field(ge=0, le=_MANY)]
Workers = Annotated[int, _Number, Field(ge=0, le=256)]
"""Processes that are started at once."""
FiniteFloat = Annotated[float, _Number, AllowInfNan(False)]
PositiveFloat = Annotated[float, _Number, AllowInfNan(False), Field(gt=0)]
NonNegativeFloat = Annotated[float, _Number, AllowInfNan(False), Field(ge=0)]
UnitInterval = Annotated[float, _Number, Field(ge=0, le=1)]
"""From 0 to 1."""
BelowOne = Annotated[float, _Number, Field(ge=0, lt=1)]
"""From 0 to below 1."""
