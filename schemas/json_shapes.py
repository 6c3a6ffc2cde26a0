"""Shapes of JSON values, each of which tells at once whether a value has it.

Values are those that a JSON reader makes: texts, integers, floats, booleans, dicts and lists. An event has
some fifteen: compiled, each of these takes little more than a comparison, where pydantic makes a value anew.
"""

from typing import Final

_ENDLESS: Final = 2**60


class Shape:
    """What a value may be. This one: whatever there is."""

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


class Integer(Number):
    """An integer within bounds."""

    def fits(self, value: object) -> bool:
        """Whether it is such an integer."""
        # In this order: compiled, what is known to be an int is handed on as one, and True as 1.
        return super().fits(value) and isinstance(value, int)


class Time(Shape):
    """A text, or epoch milliseconds: what it says is looked at where it is read."""

    def fits(self, value: object) -> bool:
        """Whether it is a text or a number."""
        if isinstance(value, str):
            return True
        return isinstance(value, int | float) and not isinstance(value, bool)


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
    """A list of so many items at most, each of one shape."""

    def __init__(self, item: Shape, most: int | None = None) -> None:
        self._item = item
        self._most = _ENDLESS if most is None else most

    def fits(self, value: object) -> bool:
        """Whether it is such a list."""
        if not isinstance(value, list) or len(value) > self._most:
            return False
        return all(self._item.fits(item) for item in value)
