"""How two versions of a model differ, in lines that a person can read."""

from collections.abc import Iterator

import numpy as np

from detectors.models.cohort_snapshot import unpack
from detectors.models.curves import LEVELS
from detectors.models.learners import COHORTS, WORDS
from detectors.models.risk_model import MICRO
from detectors.models.risk_snapshot import Publication, unpack_publication
from detectors.models.words_learner import proposed_terms

SHOWN = 20
"""Most lines of curves or norms."""


def differences(model: str, before: bytes, after: bytes) -> Iterator[tuple[str, str, str]]:
    """What, how it was, and how it is: what changed most comes first."""
    if model == COHORTS:
        yield from _of_cohorts(before, after)
    elif model == WORDS:
        yield from _of_words(before, after)
    else:
        yield from _of_risk(unpack_publication(before), unpack_publication(after))


def _of_risk(before: Publication, after: Publication) -> Iterator[tuple[str, str, str]]:
    yield "trust", f"{before.trust:.3f}", f"{after.trust:.3f}"
    yield "log odds of an ordinary order", f"{before.bias / MICRO:.2f}", f"{after.bias / MICRO:.2f}"
    old, new = _curves(before), _curves(after)
    shared = [name for name in new if name in old]
    moved = {name: float(np.abs(new[name] - old[name]).max()) for name in shared}
    for name in sorted(shared, key=lambda name: (-moved[name], name))[:SHOWN]:
        if moved[name]:
            at = int(np.abs(new[name] - old[name]).argmax())
            what = f"{name}: log odds at {at / (LEVELS - 1):.2f}"
            yield what, f"{old[name][at]:+.2f}", f"{new[name][at]:+.2f}"
    for name in sorted(set(old) ^ set(new)):
        yield name, "known" if name in old else "-", "known" if name in new else "-"


def _curves(model: Publication) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    heights = np.frombuffer(model.curves, "<i4").reshape(len(model.features), LEVELS) / MICRO
    return dict(zip(model.features, heights, strict=True))


def _of_cohorts(before: bytes, after: bytes) -> Iterator[tuple[str, str, str]]:
    old, new = unpack(before), unpack(after)
    yield "rows learned", f"{old.learned:,}", f"{new.learned:,}"
    yield "rows kept out", f"{old.protected:,}", f"{new.protected:,}"
    norms = [{c.name: dict(zip(s.params.features, c.read_norm(), strict=True)) for c in s.cohorts} for s in (old, new)]
    changes = [
        (abs(float(norms[1][cohort][f] - was)), cohort, f)
        for cohort in norms[0]
        if cohort in norms[1]
        for f, was in norms[0][cohort].items()
        if f in norms[1][cohort]
    ]
    for change, cohort, f in sorted(changes, key=lambda c: (-c[0], c[1], c[2]))[:SHOWN]:
        if change:
            yield f"{cohort}: norm of {f}", f"{norms[0][cohort][f]:.3f}", f"{norms[1][cohort][f]:.3f}"
    for cohort in sorted(set(norms[0]) ^ set(norms[1])):
        yield f"cohort {cohort}", "known" if cohort in norms[0] else "-", "known" if cohort in norms[1] else "-"


def _of_words(before: bytes, after: bytes) -> Iterator[tuple[str, str, str]]:
    """Terms that are proposed, by how surely they set confirmed sellers apart."""
    old, new = ({one.term: one.at_least for one in proposed_terms(snapshot)} for snapshot in (before, after))
    terms = sorted(set(old) | set(new), key=lambda term: (-abs(new.get(term, 0.0) - old.get(term, 0.0)), term))
    for term in terms[:SHOWN]:
        said = [f"{of[term]:.1f}" if term in of else "-" for of in (old, new)]
        yield f"proposed: {term}", said[0], said[1]
