"""Faust's resumption after a rebalance, without its race against the next rebalance.

Stock Faust (0.15.3, faust/tables/recovery.py, `_resume_streams`) checks the generation, awaits a
seek, and then resumes the flow whatever has happened meanwhile. When the next rebalance has begun by
then, records fetched in between are wiped from the queues. The claims notice that and rewind; this
removes the cause.
"""

from typing import Any

from faust.tables.manager import TableManager as FaustTableManager
from faust.tables.recovery import Recovery as FaustRecovery

from streams import metrics


class Recovery(FaustRecovery):
    """Resumes streams only for the rebalance that asked for it."""

    async def _resume_streams(self, generation_id: int = 0) -> None:
        app = self.app
        count = app.rebalancing_count
        await app.on_rebalance_complete.send()
        if app.consumer_generation_id != generation_id or app.rebalancing_count != count:
            metrics.STALE_RESUMES.labels(app.stage.name).inc()
            self.log.info("A newer rebalance has begun: not resuming for generation %s", generation_id)
            return
        # From here on nothing is awaited before the flow runs: no rebalance can come in between.
        app.consumer.resume_partitions(set(app.consumer.assignment()))
        self.completed.set()
        app.flow_control.resume()
        app.consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()


class TableManager(FaustTableManager):
    """Faust's table manager (there are no tables) with the recovery above."""

    _recovery: Any

    async def on_start(self) -> None:
        """Faust's own, without the second in which tables may still be registered."""
        await self._update_channels()
        await self.recovery.start()

    @property
    def recovery(self) -> Any:
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
