"""The stages on a Redis Cluster: one shard dies, another comes back older than the rest, and nothing shows of it."""

from itertools import islice
from pathlib import Path

from simulator import simulate
from tests.chaos.checks import Checker
from tests.chaos.receiver import Webhook
from tests.chaos.traffic import Feed, Sent
from tests.e2e.system import SECRET, System
from tests.services.kafka import RealKafka
from tests.services.redis_cluster import RealRedisCluster
from tests.waiting import wait_until

STAGES = ("intake", "watch", "learn", "dispatch")
RATE = 400.0


def test_what_a_cluster_holds_is_the_fold_though_a_shard_dies_and_another_is_rolled_back(tmp_path: Path) -> None:
    sold = simulate(seed=5, sellers=120, days=2_000).events_with_topic()
    upstream = (Sent(topic, key.encode(), body) for topic, key, body in sold)
    with RealKafka() as broker, RealRedisCluster() as cluster, Webhook(SECRET) as webhook:
        settings = {"webhook_url": webhook.url, "webhook_secrets": SECRET, "webhook_allow_private": "true"}
        settings |= {"publish_interval": "PT1M", "alert_threshold": "0.3"}  # so that there are models and alerts
        with System(broker, cluster, tmp_path, partitions=4, **settings) as system:
            system.start(*STAGES)
            Feed(broker.bootstrap, islice(upstream, 300), 3_000.0).run()
            system.settle(120)
            older = cluster.shards[1].snapshot_aof()
            feed = Feed(broker.bootstrap, islice(upstream, 600), RATE)
            feed.start()
            cluster.shards[2].kill()
            wait_until(lambda: system.metrics("watch")["sellerwatch_redis_up"] == 0, 60, "watch waits for the shard")
            cluster.shards[2].start()
            cluster.settle()
            feed.join(60)
            assert feed.failed is None
            system.settle(120)
            cluster.shards[1].restore_aof(older)
            cluster.settle()
            system.settle(120)
            wait_until(lambda: system.undelivered() == 0, 60, "every alert is delivered")

            noticed = [line["event"] for stage in STAGES for line in system.log_lines(stage)]
            assert {"redis_rolled_back", "redis_unavailable"} <= set(noticed)
            for findings in Checker(system, webhook.alerts).run():
                assert not findings.problems, findings.title
