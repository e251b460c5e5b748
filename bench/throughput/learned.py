"""The models in force while it is measured: learned offline, from the traffic that is measured."""

from collections import deque
from collections.abc import Iterable

from detectors.alert_policy import Policy
from detectors.events import SECOND, ModelPublished
from detectors.models.learners import COHORTS, Learners
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.privacy import HashKey, Pseudonyms
from streams.replay import EventReplay
from streams.signing import sign


def learn(events: Iterable[bytes], key: bytes) -> ModelPublished:
    """The models after all of the events.

    Args:
        key: That the workers trust signatures of.
    """
    learners = Learners.new(challenged=False)
    pseudonyms = Pseudonyms([HashKey("k1", b"not the workers' key: only features are learned")])
    replay = EventReplay(ModelShelf([key]), PolicyShelf([key], Policy()), pseudonyms, learners, key, wait=600 * SECOND)
    deque(replay.run(events), maxlen=0)
    learner = learners.of[COHORTS]
    publication = learner.publication()
    return ModelPublished(COHORTS, learner.version(0, publication), sign(key, publication))
