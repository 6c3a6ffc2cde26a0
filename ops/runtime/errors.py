"""What can keep an instance from running.

RuntimeProblem
├── MissingPrerequisite   a program the servers need is absent or too old
├── UnusableHome          the instance folder cannot hold an instance
├── PortTaken             another program listens where one of ours must
├── DownloadFailed        Maven could not bring the Java servers
├── StartFailed           a process ended, or was not ready in time; carries the end of its log
├── AlreadyStarting       another `sillage up` is at work in the same folder
└── NotRunning            the instance has no supervisor to talk to
"""


class RuntimeProblem(Exception):
    """The instance cannot do what was asked; the message says what to do."""


class MissingPrerequisite(RuntimeProblem):
    """A program the servers need is absent or too old."""


class UnusableHome(RuntimeProblem):
    """The instance folder cannot hold an instance."""


class PortTaken(RuntimeProblem):
    """Another program listens where one of ours must."""


class DownloadFailed(RuntimeProblem):
    """Maven could not bring the Java servers."""


class AlreadyStarting(RuntimeProblem):
    """Another `sillage up` is at work in the same folder."""


class NotRunning(RuntimeProblem):
    """The instance has no supervisor to talk to."""


class StartFailed(RuntimeProblem):
    """A process ended, or was not ready in time."""

    def __init__(self, process: str, reason: str, log: str) -> None:
        super().__init__(f"{process} {reason}")
        self.process = process
        self.log = log
        """The last lines of the process's log."""
