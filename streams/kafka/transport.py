"""The transport that Faust finds under `sellerwatch://` (entry point `faust.transports`)."""

from faust.transport.drivers import aiokafka as driver

from streams.kafka.consumer import Consumer
from streams.kafka.producer import Producer


class Transport(driver.Transport):
    """Kafka by aiokafka, moving whole polls in and whole batches out."""

    Consumer = Consumer
    Producer = Producer
