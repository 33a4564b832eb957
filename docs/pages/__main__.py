"""Build the documentation: `python -m docs.pages [FOLDER]`, into build/site without it. A warning is an error."""

from __future__ import annotations

import sys
from pathlib import Path

from docs.pages.site import SOURCE, assemble


def main(out: Path) -> int:
    """Put the pages together and let Sphinx make the site of them."""
    from sphinx.cmd.build import main as sphinx

    source = out.parent / "site-source"
    assemble(source)
    kept = out.parent / "site-doctrees"
    options = ["-W", "--keep-going", "-q", "-c", str(SOURCE / "pages"), "-d", str(kept), "-b", "html"]
    return sphinx([*options, str(source), str(out)])


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE.parent / "build" / "site"
    sys.exit(main(folder.resolve()))
