"""How records come from Kafka to a stage: whole polls, as few as may be, nothing lost."""

from aiokafka import AIOKafkaProducer

from streams.app import consumer_of
from tests.kafka.recorder import running
from tests.services.kafka import RealKafka, Topics

PARTITIONS = 4


async def test_what_comes_while_a_stage_works_is_one_poll(kafka: RealKafka, topics: Topics) -> None:
    (topic,) = topics("orders", partitions=PARTITIONS)
    async with (
        running(kafka.bootstrap, topic) as stage,
        AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer,
    ):
        await producer.send_and_wait(topic, b"first", partition=0)
        await stage.has(1)
        stage.go_on.clear()
        await producer.send_and_wait(topic, b"second", partition=1)
        await stage.has(2)  # it is at work on this one
        for number in range(40):
            await producer.send_and_wait(topic, b"%d" % number, partition=number % PARTITIONS)
        stage.go_on.set()
        await stage.has(42)

    assert stage.values()[:2] == [[b"first"], [b"second"]]
    assert [set(poll) for poll in stage.values()[2:]] == [{b"%d" % number for number in range(40)}]


async def test_a_stage_that_is_behind_gets_full_polls_in_order(kafka: RealKafka, topics: Topics) -> None:
    (topic,) = topics("orders", partitions=1)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for number in range(100):
            await producer.send(topic, b"%d" % number, partition=0)
        await producer.flush()
    async with running(kafka.bootstrap, topic, max_poll_records=10) as stage:
        await stage.has(100)

    assert [len(poll) for poll in stage.values()] == [10] * 10
    assert [value for poll in stage.values() for value in poll] == [b"%d" % number for number in range(100)]


async def test_a_poll_that_never_reached_the_stage_holds_nothing_up(kafka: RealKafka, topics: Topics) -> None:
    (topic,) = topics("orders", partitions=1)
    async with (
        running(kafka.bootstrap, topic) as stage,
        AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer,
    ):
        await producer.send_and_wait(topic, b"first", partition=0)
        await stage.has(1)
        consumer_of(stage.app)._worked_off.clear()  # as when a rebalance throws away what waits for the stage
        await producer.send_and_wait(topic, b"second", partition=0)
        await stage.has(2)

    assert stage.values() == [[b"first"], [b"second"]]
