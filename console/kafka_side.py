"""Questions to Kafka: in threads of their own and for a bounded time, so that a dead Kafka holds up no other page."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from console.store.database import DatabaseUnavailableError
from streams.errors import UnavailableError
from streams.reachable import must_be_reachable
from streams.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE: Final = 6
PATIENCE_SECONDS: Final = 8.0
TROUBLE_SECONDS: Final = 1.5
"""So long somebody waits for an answer while the feed, too, gets none."""
STILL: Final = "the queue, alerts and sellers are shown as ever"


class KafkaSide:
    """What may wait for Kafka.

    Args:
        in_trouble: Whether something else waits for Kafka in vain at present.
    """

    def __init__(self, settings: Settings, in_trouble: Callable[[], bool] = lambda: False) -> None:
        self._settings, self._in_trouble = settings, in_trouble
        self._threads = ThreadPoolExecutor(AT_ONCE, "console-kafka")

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer to a question that reads; it may go on in its thread when nobody waits for it any more.

        Raises:
            UnavailableError: Kafka does not answer in time; says what still works. Or the database does not.
        """
        patience = TROUBLE_SECONDS if self._in_trouble() else PATIENCE_SECONDS

        def asked() -> T:
            must_be_reachable(self._settings, answering=True)
            return question(*args, **kwargs)

        try:
            return await asyncio.wait_for(self.run(asked), patience)
        except TimeoutError:
            raise UnavailableError(f"Kafka did not answer within {patience:.1f} s; {STILL}") from None
        except DatabaseUnavailableError:  # of a question that asks both; then nothing is shown as ever
            raise
        except UnavailableError as error:
            raise UnavailableError(f"{error}; {STILL}") from None

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Does something to its end, however long Kafka takes."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))

    def close(self) -> None:
        """Waits for nothing: what Kafka does not answer ends with the process."""
        self._threads.shutdown(wait=False, cancel_futures=True)
