// What needs a script: live news, keys, and charts. Every page works without it.
"use strict";
document.documentElement.classList.add("scripted");

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);

// -- live: new alerts, and who looks at what --------------------------------------------------------------

const live = document.body.dataset.live;
if (live) {
  const source = new EventSource(live);
  source.addEventListener("alerts", () => {
    const news = one("[data-news]");
    if (news) htmx.ajax("GET", news.dataset.news, { target: news, swap: "innerHTML" });
  });
  source.addEventListener("lookers", (event) => {
    const lookers = JSON.parse(event.data);
    for (const place of all("[data-lookers]")) place.textContent = (lookers[place.dataset.lookers] || []).join(", ");
  });
  addEventListener("pagehide", () => source.close());
}

// -- keys ---------------------------------------------------------------------------------------------------

const rows = () => all(".open-alert");
const row = () => document.activeElement?.closest?.(".queue > li");
function step(by) {
  const links = rows(), at = links.findIndex((link) => link.closest("li") === row());
  const next = links[Math.min(Math.max(at + by, 0), links.length - 1)];
  if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
}
function choose() {
  const box = row() && one(".choose", row());
  if (box) { box.checked = !box.checked; box.dispatchEvent(new Event("change", { bubbles: true })); }
}
function judge(verdict) {
  if (one("#bulk") && !one(".choose:checked")) choose();
  one(`button[name="verdict"][value="${verdict}"]`)?.click();
}
const keys = {
  j: () => step(1),
  k: () => step(-1),
  x: choose,
  c: () => judge("confirmed"),
  d: () => judge("dismissed"),
  u: () => { if (!one("#queue")) location.assign("/"); },
  "/": () => one(".find input")?.focus(),
  "?": () => one("#help")?.showModal(),
};
const OFF = "sellerwatch-keys-off";  // who speaks to a computer types letters without meaning to
const acting = one("[data-keys]");
if (acting) {
  acting.checked = !localStorage.getItem(OFF);
  acting.addEventListener("change", () => acting.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1"));
  one("[data-help]").addEventListener("click", keys["?"]);
}
addEventListener("keydown", (event) => {
  if (!acting?.checked || (event.repeat && !"jk".includes(event.key))) return;  // one that is held judges once
  const typing = event.target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
addEventListener("change", (event) => {
  const said = one("[data-chosen]"), many = all(".choose:checked").length;
  if (said && event.target.matches(".choose")) said.textContent = many ? `${many} chosen` : "";
});

// -- charts: drawn from the table that is there without a script ----------------------------------------------

for (const place of all("[data-chart]")) {
  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const cells = (name) => all(`#${place.dataset.chart} data.${name}`).map((cell) => Number(cell.value));
  const times = cells("time");
  if (times.length < 2) continue;
  const order = times.map((_, at) => at).sort((a, b) => times[a] - times[b]);
  const sorted = (values) => order.map((at) => values[at]);
  const names = place.dataset.series.split(","), labels = (place.dataset.labels || place.dataset.series).split(",");
  const line = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: colour("--muted"), grid: line, ticks: line };
  const series = labels.map((label, at) => ({
    label, stroke: colour(at ? "--high" : "--accent"), width: 1.5, points: { show: true, size: at ? 3 : 5 },
    paths: at && !place.dataset.labels ? () => null : undefined,
    value: (_, value) => (value == null ? "-" : value.toFixed(2)),
  }));
  const short = times.at(-1) - times[0] < 3 * 86400 && times[0] - times.at(-1) < 3 * 86400;
  const clock = { timeZone: "UTC", day: "2-digit", month: "short" }, exact = { hour: "2-digit", minute: "2-digit" };
  const dates = new Intl.DateTimeFormat("en-GB", short ? { ...clock, ...exact } : clock);
  const moments = new Intl.DateTimeFormat("en-GB", { ...clock, year: "numeric", ...exact });
  const along = { ...axis, space: short ? 110 : 70, values: (_, at) => at.map((each) => dates.format(each * 1e3)) };
  const when = { label: "time", value: (_, at) => (at == null ? "-" : moments.format(at * 1e3)) };
  const size = () => ({ width: place.clientWidth, height: 230 });
  const chart = new uPlot({ ...size(), tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
    scales: { y: { range: [0, 1] } }, axes: [along, axis], series: [when, ...series] },
    [sorted(times), ...names.map((name) => sorted(cells(name)))], place);
  addEventListener("resize", () => chart.setSize(size()));
}
