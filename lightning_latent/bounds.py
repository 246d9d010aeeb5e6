"""Numbers within bounds, as types of constructors' arguments: the command line refuses others by the key's name.

They are plain numbers to a type checker and in Python, where nothing is checked but what a constructor asks for.
Not-a-number, infinity, `true`, and 2.5 where a whole number is asked for, are in none of them.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AllowInfNan, BeforeValidator, Field, TypeAdapter, ValidationError

from lightning_latent.errors import UserError


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

AtLeastTwo = Annotated[int, _Number, Field(ge=2, le=_MANY)]
Fraction = Annotated[float, _Number, AllowInfNan(False), Field(gt=0, le=1)]
"""Above 0, and at most 1."""

_SHORTER = {
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "valid integer": "whole number",
    "valid number": "number",
}


def check_at_least_one(numbers: Mapping[str, int]) -> None:
    """Refuse, by a `UserError`, numbers below 1 where a constructor is called in Python; by what each is called."""
    for name, value in numbers.items():
        if value < 1:
            raise UserError(f"{name} is {value}; it must be at least 1")


def argument(kind: Any) -> Callable[[str], Any]:
    """A type of these for an argument of `argparse`, which refuses others by the flag's name."""
    adapter = TypeAdapter(kind)

    def read(text: str) -> Any:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            reason = error.errors(include_url=False, include_input=False)[0]["msg"]
            wanted = reason.removeprefix("Input should be ").partition(",")[0]
            for long, short in _SHORTER.items():
                wanted = wanted.replace(long, short)
            raise argparse.ArgumentTypeError(f"it is {text[:60]!r}; it must be {wanted}") from None

    return read
