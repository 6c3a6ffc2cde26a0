"""Shapes of JSON values, each of which tells at once whether a value has it.

Values are those that a JSON reader makes: texts, integers, floats, booleans, dicts and lists. Where there are
several fields to look at, as in each event, one call for each is all that this takes.
"""

from collections.abc import Mapping
from typing import Any, Final

_ENDLESS: Final = 2**60


class Shape:
    """Any value's."""

    def fits(self, value: object) -> bool:
        """Whether the value has this shape."""
        return True


class Text(Shape):
    """A text of `least` to `most` characters; where there are choices, one of them."""

    def __init__(self, least: int = 0, most: int = _ENDLESS, choices: tuple[str, ...] = ()) -> None:
        self._least = least
        self._most = most
        self._choices = frozenset(choices) if choices else None

    def fits(self, value: object) -> bool:
        """Whether it is such a text."""
        if not isinstance(value, str) or not self._least <= len(value) <= self._most:
            return False
        return self._choices is None or value in self._choices


class Integer(Shape):
    """An integer within bounds."""

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self._least = least
        self._most = most

    def fits(self, value: object) -> bool:
        """Whether it is such an integer."""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return (self._least is None or value >= self._least) and (self._most is None or value <= self._most)


class Number(Shape):
    """An integer or a float, within bounds."""

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self._least = least
        self._most = most

    def fits(self, value: object) -> bool:
        """Whether it is such a number."""
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return (self._least is None or value >= self._least) and (self._most is None or value <= self._most)


class Time(Shape):
    """A text, or epoch milliseconds: what it says is looked at where it is read."""

    def fits(self, value: object) -> bool:
        """Whether it is a text or a number."""
        return isinstance(value, str | int | float) and not isinstance(value, bool)


class Boolean(Shape):
    """True or false."""

    def fits(self, value: object) -> bool:
        """Whether it is either."""
        return isinstance(value, bool)


class Object(Shape):
    """An object, whatever is in it."""

    def fits(self, value: object) -> bool:
        """Whether it is an object."""
        return isinstance(value, dict)


class Listing(Shape):
    """A list of `least` to `most` items, each of one shape."""

    def __init__(self, item: Shape, least: int = 0, most: int = _ENDLESS) -> None:
        self._item = item
        self._least = least
        self._most = most

    def fits(self, value: object) -> bool:
        """Whether it is such a list."""
        if not isinstance(value, list) or not self._least <= len(value) <= self._most:
            return False
        return all(self._item.fits(item) for item in value)


class Fields(Shape):
    """An object of these fields and no others, with those `required`. The rest may be null."""

    def __init__(self, fields: Mapping[str, Shape], required: tuple[str, ...] = ()) -> None:
        self._fields: dict[str, Shape] = dict(fields)
        self._required = required

    def fits(self, value: object) -> bool:
        """Whether it is such an object."""
        if not isinstance(value, dict):
            return False
        given: dict[Any, Any] = value
        for name, field in given.items():
            shape = self._fields.get(name)
            if shape is None or not (field is None or shape.fits(field)):
                return False
        return all(given.get(name) is not None for name in self._required)
