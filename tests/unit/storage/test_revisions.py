"""The list the services compare a database with is the list of migrations there are."""

from alembic.script import ScriptDirectory

from storage.migrations import alembic_config
from storage.revision import EXPECTED, KNOWN


def test_known_revisions_are_the_migrations_in_their_order() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    newest_first = [revision.revision for revision in script.walk_revisions()]
    assert list(reversed(newest_first)) == list(KNOWN)
    assert script.get_current_head() == EXPECTED
