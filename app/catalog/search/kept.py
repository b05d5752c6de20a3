"""What a process keeps of answers that cannot have changed: a small map that forgets what was used least lately.

`Kept` never expires by time. Whoever keeps something puts everything it depends on into its key, above all the
index's generation, which is read anew for every request; an old generation is never asked for again and falls out.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """A bounded map of one process, shared by its threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """What is kept under the key, or None."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> V:
        """Keep a value; returns it."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
            return value

    def get_or(self, key: K, make: Callable[[], V]) -> V:
        """What is kept under the key, made if it is not there."""
        value = self.get(key)
        return self.put(key, make()) if value is None else value


LONG_SECONDS = 0.1
SHARE = 20


class Costly(Generic[K, V]):
    """What is made anew for every generation, unless that took long: then it is kept `SHARE` times as long.

    So it never takes more than a twentieth of a process's time, however many courses there are and however often
    they change; while it is quick to make it is exact.
    """

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: Kept[K, tuple[Hashable, float, V]] = Kept(most)
        self._clock = clock

    def get_or(self, key: K, generation: Hashable, make: Callable[[], V]) -> V:
        """What is kept under the key if it is of this generation or cost too much to be made again so soon."""
        began = self._clock()
        known = self._kept.get(key)
        if known is not None and (known[0] == generation or began < known[1]):
            return known[2]
        value = make()
        took = self._clock() - began
        good_until = began + took * (1 + SHARE) if took > LONG_SECONDS else began
        self._kept.put(key, (generation, good_until, value))
        return value
