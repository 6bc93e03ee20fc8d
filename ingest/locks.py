"""Advisory file locks: one writer at a time, and leases that keep a generation alive.

Locks belong to the process and vanish with it, so a kill leaves nothing to clean up.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import GuideError

try:
    import fcntl
except ImportError:  # Windows has no flock: leases are then always taken to be held
    fcntl = None  # type: ignore[assignment]


class LockedError(GuideError):
    """Another process is ingesting into the same index."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the writer's lock.

    Raises:
        LockedError: another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _try(descriptor, shared=False):
            owner = os.pread(descriptor, 32, 0).decode(errors="ignore").strip()
            raise LockedError(
                f"Another ingest is running on {path.parent}"
                + (f" (process {owner})" if owner else "")
                + ". Wait for it to end, then try again."
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


class Lease:
    """A shared lock that a reader holds on a generation for as long as it is open."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            return  # a read-only or vanished folder: opening it will tell
        _try(self._descriptor, shared=True)

    def release(self) -> None:
        """Give the lease back; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        # A reader that moves on to a new generation just drops the old one.
        self.release()


def is_leased(path: Path) -> bool:
    """Whether some process reads the generation whose lease file is `path`."""
    if fcntl is None:
        return True
    if not path.exists():
        return False
    descriptor = os.open(path, os.O_RDWR)
    try:
        return not _try(descriptor, shared=False)
    finally:
        os.close(descriptor)


def _try(descriptor: int, shared: bool) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
