"""Listing language: what is found in titles before any label, and after verdicts on half of the vendors."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import msgspec
import numpy as np

from bench.detection.titles import Titles, chance, load, third_party_lists
from bench.detection.trial import run
from detectors.language.emerging import Emerging
from detectors.language.folding import Folded, fold_text
from detectors.language.lexicon import NAMED, Lexicon, Term, sample_lexicon
from detectors.language.text_learner import TextLearner
from detectors.language.text_model import TextModel
from detectors.profiles.kept_texts import PLACES, place_of
from simulator.dice import Dice
from simulator.disguises import DISGUISES
from simulator.marketplace import START

Score = Callable[[Folded], float]
CONFIRMED = 30
"""Verdicts after which a planted word is to be proposed."""
PLANTED = "zorpite"
COST_TITLES = 3_000
FEW, MANY = 3, 60
"""Titles: sellers with fewer are not judged by them, and of the others no more are published."""


class Listed(NamedTuple):
    """What a seller publishes."""

    event_id: str
    type: str
    event_time: str
    seller_id: str
    listing_id: str
    title: str


def encode(event: Listed) -> bytes:
    """A contract event."""
    return msgspec.json.encode(event._asdict() | {"amount_minor": 2_000, "currency": "EUR"})


def measure(data: Path | None, seeds: Sequence[int]) -> str:
    """The part's tables, in Markdown; splits follow a hash of seed and seller."""
    sources = load(data)
    lines = [f"## Listing language (seeds {seeds[0]} to {seeds[-1]})", "", *_unlearned(sources, data), ""]
    return "\n".join([*lines, *_sellers(sources), "", *_learned(sources, seeds), "", *_others(sources, seeds), ""])


def _unlearned(sources: Sequence[Titles], data: Path | None) -> list[str]:
    """Lists alone."""
    sample = sample_lexicon()
    lines = [
        "Before any label, by lists alone:",
        "",
        "| list | terms | Agora | Agora, drugs | Dream | both | honest titles flagged |",
        "|---|---|---|---|---|---|---|",
        _list_row("our sample, goods named", sample, sources, lambda text: sample.match(text).named >= NAMED),
    ]
    for name, terms in third_party_lists(data):
        plain = Lexicon((Term(term, 0.9, "", "", "") for term in terms if len(term.strip()) > 1), name=name)
        lines.append(_list_row(f"others', plain match: {name}", plain, sources, _any_term(plain)))
    return lines


def _any_term(lexicon: Lexicon) -> Callable[[Folded], bool]:
    return lambda text: bool(lexicon.match(text).found)


def _list_row(name: str, lexicon: Lexicon, sources: Sequence[Titles], flagged: Callable[[Folded], bool]) -> str:
    flags = {titles.source: [flagged(text) for text in titles.texts] for titles in sources}
    agora = next(titles for titles in sources if titles.source == "Agora")
    drugs = [flag for flag, drug in zip(flags["Agora"], agora.drugs, strict=True) if drug]
    shares = [_share(flags["Agora"]), _share(drugs), _share(flags["Dream"]), _share(flags["Agora"] + flags["Dream"])]
    said = " | ".join(f"{share:.3f}" for share in shares)
    return f"| {name} | {len(lexicon.terms)} | {said} | {100 * _share(flags['honest']):.2f} % |"


def _sellers(sources: Sequence[Titles]) -> list[str]:
    """Sellers that publish their titles and sell nothing."""
    lines = [
        f"Sellers of {FEW} titles and more, by their listings alone, before any label:",
        "",
        "| sellers | of | alerted |",
        "|---|---|---|",
    ]
    for titles in sources:
        by_seller: dict[str, list[Folded]] = {}
        for seller, text in zip(titles.sellers, titles.texts, strict=True):
            by_seller.setdefault(seller, []).append(text)
        shops = {seller: texts[:MANY] for seller, texts in by_seller.items() if len(texts) >= FEW}
        trial = run(_published(shops))
        lines.append(f"| {titles.source} | {len(shops)} | {_share(bool(trial.course(s).alerts) for s in shops):.3f} |")
    return lines


def _published(shops: Mapping[str, Sequence[Folded]]) -> Iterator[bytes]:
    """A listing a minute of each seller."""
    for at in range(MANY):
        moment = (START + timedelta(minutes=at)).isoformat()
        for seller, texts in shops.items():
            if at < len(texts):
                name = f"{seller}-{at}"
                yield encode(Listed(name, "listing.published", moment, seller, name, texts[at].canon or "-"))


def _learned(sources: Sequence[Titles], seeds: Sequence[int]) -> list[str]:
    """One half of the sellers has verdicts, the other half is judged."""
    sample = sample_lexicon()
    named = {text: sample.match(text) for titles in sources for text in titles.texts}
    rows: dict[str, list[list[float]]] = {}
    for seed in seeds:
        model, tested = _taught(sources, seed)
        scores: dict[str, Score] = {
            "list alone": lambda text: named[text].named + 0.3 * named[text].hinted,
            "text model alone": lambda text, m=model: m.margin(text.plain),  # type: ignore[misc]
            "both": lambda text, m=model: m.margin(text.plain) + 1.5 * named[text].named + 0.5 * named[text].hinted,  # type: ignore[misc]
        }
        for name, score in scores.items():
            rows.setdefault(f"{name}, at 1 % and 0.1 % of honest titles", []).append(_recalls(score, tested))
        for level in (0.5, 0.9):
            found = _at_level(lambda text, m=model: m.score(text.plain), tested, level)  # type: ignore[misc]
            rows.setdefault(f"text model, where it says {level} or more", []).append(found)
    lines = [
        f"After verdicts on half of the vendors (at most {PLACES} titles of each), on the other; mean ± deviation:",
        "",
        "| score | recall | second figure |",
        "|---|---|---|",
    ]
    for name, runs in rows.items():
        second = "honest flagged " if "where" in name else ""
        lines.append(
            f"| {name} | {_spread([run[0] for run in runs])} | {second}{_spread([run[1] for run in runs], 4)} |"
        )
    return lines


def _taught(sources: Sequence[Titles], seed: int) -> tuple[TextModel, list[tuple[Folded, bool]]]:
    """The model after one half's verdicts and clean listings, in an order by hash; the other half's titles."""
    tested: list[tuple[Folded, bool]] = []
    taught: list[tuple[str, list[Folded], bool]] = []
    for titles in sources:
        learned, others = titles.halves(seed)
        tested += [(text, titles.illicit) for text in others]
        for seller, texts in learned.items():
            if titles.illicit:
                kept = {place_of(seller, text.plain): text for text in texts}  # as a verdict finds them
                taught.append((seller, list(kept.values()), True))
            else:
                taught += [(f"{seller} {at}", [text], False) for at, text in enumerate(texts)]
    taught.sort(key=lambda one: chance(f"{seed}|{one[0]}"))
    learner = TextLearner()
    for _, texts, bad in taught:
        learner.learn_seller([text.plain for text in texts], bad=bad)
    return TextModel.from_snapshot(learner.snapshot(), f"seed {seed}"), tested


def _recalls(score: Score, tested: Sequence[tuple[Folded, bool]]) -> list[float]:
    """Shares of illicit titles above the levels that 1 % and 0.1 % of honest titles exceed."""
    honest = np.sort([score(text) for text, illicit in tested if not illicit])[::-1]
    bad = np.array([score(text) for text, illicit in tested if illicit])
    return [float((bad > honest[int(len(honest) * share)]).mean()) for share in (0.01, 0.001)]


def _at_level(score: Score, tested: Sequence[tuple[Folded, bool]], level: float) -> list[float]:
    return [_share(score(text) >= level for text, illicit in tested if illicit is wanted) for wanted in (True, False)]


def _others(sources: Sequence[Titles], seeds: Sequence[int]) -> list[str]:
    """Disguises, new words, cost."""
    found, total = zip(*(_disguised(name, seed) for name in DISGUISES for seed in seeds), strict=True)
    places = [_place_of_planted(sources, seed) for seed in seeds]
    texts = [text for titles in sources for text in titles.texts][
        :: max(sum(len(t.texts) for t in sources) // 3_000, 1)
    ]
    return [
        "| measure | value |",
        "|---|---|",
        f"| obfuscated forms of the sample's terms found ({len(DISGUISES)} ways) | {sum(found) / sum(total):.4f} |",
        f"| place of a planted word among candidates after {CONFIRMED} confirmed vendors, each seed | {places} |",
        f"| folding and matching a title, microseconds | {_cost(texts):.1f} |",
    ]


def _disguised(name: str, seed: int) -> tuple[int, int]:
    sample, dice = sample_lexicon(), Dice(seed)
    terms = [term.text for term in sample.terms if term.text.isascii()]
    found = 0
    for term in terms:
        words = sample.match(fold_text(f"New {DISGUISES[name](term, dice)} today"))
        found += any(term in one.text or one.text in term for one in words.found)
    return found, len(terms)


def _place_of_planted(sources: Sequence[Titles], seed: int) -> int | None:
    """Each confirmed vendor uses the word in one of its titles; 1 is the first place."""
    emerging, known = Emerging(), {fold_text(term.text).plain.strip() for term in sample_lexicon().terms}
    for titles in sources:
        learned, _ = titles.halves(seed)
        vendors = sorted(learned, key=lambda seller: chance(f"{seed}|{seller}"))
        for vendor in vendors[:CONFIRMED] if titles.source == "Agora" else vendors if not titles.illicit else ():
            plains = [text.plain for text in learned[vendor][:PLACES]]
            if titles.illicit:
                plains[0] = f"{plains[0]}{PLANTED} "
            emerging.learn(plains, bad=titles.illicit)
    proposed = [candidate.term for candidate in emerging.candidates(200, known=known)]
    return proposed.index(PLANTED) + 1 if PLANTED in proposed else None


def _cost(texts: Sequence[Folded]) -> float:
    """The best of three rounds."""
    sample, best = sample_lexicon(), float("inf")
    for _ in range(3):
        started = time.perf_counter()
        for text in texts:
            sample.match(fold_text(text.canon))
        best = min(best, time.perf_counter() - started)
    return 1e6 * best / len(texts)


def _share(flags: Iterable[bool]) -> float:
    found = list(flags)
    return sum(found) / len(found) if found else 0.0


def _spread(values: Sequence[float], digits: int = 3) -> str:
    return f"{mean(values):.{digits}f} ± {stdev(values) if len(values) > 1 else 0.0:.{digits}f}"
