"""Being told to end -> an exception: what is unfinished is taken away, as it is whenever something goes wrong."""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = ("SIGTERM", "SIGHUP")
"""What `kill` and a terminal that is closed send. Windows knows one of them."""

AGAIN_SECONDS = 5.0
"""What is raised while Python runs a finaliser is swallowed: so long after it has been raised it is raised again."""


def end_in_order() -> None:
    """Let what asks this process to end raise `SystemExit`, with the exit code that shells give it.

    What this process was started to ignore (`nohup`) stays ignored. For the main thread.
    """
    for number in (getattr(signal, name) for name in _ENDING if hasattr(signal, name)):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda _number, frame: _end(number, frame))
        atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    raise SystemExit(128 + number)


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Start processes in this block: they do not hear Ctrl-C, which a terminal sends to the whole family."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
