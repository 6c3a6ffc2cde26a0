"""Dead links in the documentation: `python -m tests.links`. Exit code 1 where a link leads nowhere.

Looks at relative links of every Markdown file that git tracks (or would): the file must exist, and a heading
for the part behind #. Addresses on the web are not asked for.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def markdown_files() -> list[Path]:
    """Every Markdown file of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def dead_links(page: Path) -> Iterator[str]:
    """Each link of the page that leads nowhere, as a line for a person."""
    for target in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        if not place.exists():
            yield f"{page.relative_to(ROOT)}: {target}: no such file"
        elif anchor and place.suffix == ".md" and anchor not in anchors(place):
            yield f"{page.relative_to(ROOT)}: {target}: no such heading"


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that a forge makes of the page's headings."""
    titles = HEADING.findall(FENCED.sub("", page.read_text("utf-8")))
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles)


def main() -> int:
    """Print the dead links; the exit code."""
    dead = [line for page in markdown_files() for line in dead_links(page)]
    sys.stdout.write("".join(f"{line}\n" for line in dead))
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
