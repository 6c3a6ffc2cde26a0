"""Being asked to stop: Ctrl-C, TERM, or the terminal closing."""

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked us to stop. Not an Exception, so that nothing on the way takes it for an error."""


def watch() -> None:
    """From now on the first such signal raises Interrupted; later ones must not disturb the stopping."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        ignore()
        raise Interrupted(signal.Signals(number).name)

    for number in SIGNALS:
        signal.signal(number, interrupt)


def ignore() -> None:
    """Let nothing disturb what is done now."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
