"""What is kept between processes to save time: where it lies, and how it is read and written."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

_DIGEST = 16


def default_folder() -> Path | None:
    """Where things are kept: SIAMFC_EVAL_CACHE, or the user's cache folder; None if the variable is empty or "off"."""
    named = os.environ.get("SIAMFC_EVAL_CACHE")
    if named is not None:
        return None if named.lower() in {"", "off", "0"} else Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("siamfc-eval", appauthor=False))


def load_kept(path: Path) -> bytes | None:
    """What `store_kept` wrote; None where there is nothing, or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, data = content[:_DIGEST], content[_DIGEST:]
    return data if hashlib.blake2b(data, digest_size=_DIGEST).digest() == digest else None


def store_kept(path: Path, data: bytes) -> bool:
    """Keep bytes; readers and other writers see the old file or the new one.

    Returns:
        Whether they were written. A folder that cannot be written to costs time and nothing else.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(hashlib.blake2b(data, digest_size=_DIGEST).digest() + data)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        return False
    return True
