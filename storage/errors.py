"""Errors of the storage package.

StorageError
├── DatabaseUnreachable   PostgreSQL does not answer, or refuses the credentials
└── DatabaseTooNew        it was migrated by a later version of the project
"""


class StorageError(Exception):
    """Base of all."""


class DatabaseUnreachable(StorageError):
    """The message carries the server's or the driver's words."""


class DatabaseTooNew(StorageError):
    """The message names the revision found and the one expected."""
