"""The numbers as tables."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from bench.throughput.latency import Chain, percentile
from bench.throughput.metering import Speed
from bench.throughput.rounds import BARE, BOTH, IDLE, INTAKE, SUBJECTS, USUAL, WATCH

Round = Mapping[str, Speed]

TITLES = {
    INTAKE: "intake alone",
    WATCH: "watch alone",
    BOTH: "intake and watch, on one core together",
    USUAL: "(a) usual style, the same detection",
    IDLE: "(a') usual style, judging nothing",
    BARE: "(b) bare aiokafka loop, only decoding",
}
RATIOS = ((WATCH, USUAL), (WATCH, IDLE), (WATCH, BARE), (BOTH, USUAL))


def throughput(rounds: Sequence[Round]) -> str:
    """Median, least and most of each subject; then the ratios, each taken within its round."""
    lines = ["| subject | events a second | events a CPU second |", "|---|---|---|"]
    for name in SUBJECTS:
        speeds = [one[name] for one in rounds]
        wall, cpu = _spread([s.wall for s in speeds], _whole), _spread([s.cpu for s in speeds], _whole)
        lines.append(f"| {TITLES[name]} | {wall} | {cpu} |")
    lines += ["", "| ratio, within each round | by the clock | by CPU time |", "|---|---|---|"]
    for one, other in RATIOS:
        wall = _spread([r[one].wall / r[other].wall for r in rounds], _tenths)
        cpu = _spread([r[one].cpu / r[other].cpu for r in rounds], _tenths)
        lines.append(f"| {one} / {TITLES[other].split()[0]} | {wall} | {cpu} |")
    return "\n".join(lines) + "\n"


def delays(chain: Chain) -> str:
    """Delays of the whole chain at a part of what it can do."""
    whole = "The whole chain (intake, watch, learn, dispatch; on all cores, as are Kafka and Redis)"
    lines = [
        f"{whole} takes {chain.most.wall:,.0f} events a second at most. At {chain.rate:,.0f} events a second:",
        "",
        "| from when an order was due | orders | p50 | p99 | most |",
        "|---|---|---|---|---|",
    ]
    for what, values in (
        ("to its decision on Kafka", chain.delays.decisions),
        ("to its alert, verified by the receiver", chain.delays.alerts),
    ):
        if not values:
            lines.append(f"| {what} | 0 | | | |")
            continue
        p50, p99, most = (f"{percentile(values, share) * 1e3:,.0f} ms" for share in (0.5, 0.99, 1.0))
        lines.append(f"| {what} | {len(values):,} | {p50} | {p99} | {most} |")
    return "\n".join(lines) + "\n"


def _spread(values: Sequence[float], say: Callable[[float], str]) -> str:
    return f"**{say(median(values))}** ({say(min(values))} to {say(max(values))})"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _tenths(value: float) -> str:
    return f"{value:,.1f}" if value >= 0.95 else f"{value:.2f}"
