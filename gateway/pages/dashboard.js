"use strict";
// The dashboard: asks for what is new every few seconds while somebody can see it, and shows it.
const POLL_MS = 5000, PATIENCE_MS = 10000, MAX_ROWS = 30;
const cards = new Map();
let board = null, range = "15m", timer = 0, asked = 0;

function legendItem({ name, now, colour, dash, area }) {
  return element("li", { class: colour },
    element("span", { class: `swatch${area ? " area" : ""}`, "data-dash": dash || "", "aria-hidden": "true" }),
    element("span", {}, name, " ", element("b", {}, now)));
}

function makeCard(chart) {
  const parts = {
    figure: element("p", { class: "figure" }), note: element("p", { class: "note" }, chart.note || ""), legend: element("ul", { class: "legend" }), mix: element("div", { class: "mix", "aria-hidden": "true" }),
    canvas: element("canvas", { role: "img" }), empty: element("p", { class: "empty" }, chart.empty || "Nothing yet"),
    table: element("div", { class: "table", tabindex: "0", role: "region", "aria-label": `${chart.title}: table` }), drawn: null,
  };
  const heading = element("h2", { id: `${chart.id}-title` }, chart.title);
  parts.details = element("details", {}, element("summary", {}, "Table", element("span", { class: "hidden" }, ` of ${chart.title}`)), parts.table);
  parts.details.addEventListener("toggle", () => showTable(chart));
  parts.section = element("section", { class: "card", "aria-labelledby": `${chart.id}-title` },
    element("div", { class: "top" }, heading, parts.figure, parts.note), parts.legend, parts.mix,
    element("div", { class: "plot" }, parts.canvas, parts.empty), parts.details);
  byId("charts").append(parts.section);
  cards.set(chart.id, parts);
}

function showTable(chart) {
  const parts = cards.get(chart.id);
  if (!parts.details.open || !board) return;
  const lines = chart.lines(board), { at } = board.points;
  const every = Math.ceil(at.length / MAX_ROWS) || 1, rows = [];
  for (let place = at.length - 1; place >= 0; place -= every) {
    rows.push(element("tr", {}, element("th", { scope: "row" }, timeOf(exactClock, at[place])),
      ...lines.map(({ values }) => element("td", {}, chart.format(values[place])))));
  }
  const names = lines.map(({ name }) => element("th", { scope: "col" }, name));
  const caption = every > 1 ? `${chart.title}, one of ${every} points, the last first` : `${chart.title}, the last point first`;
  parts.table.replaceChildren(element("table", {}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Time"), ...names)), element("tbody", {}, ...rows)));
}

function describe(chart, lines) {
  const told = lines.map(({ name, now, values }) => {
    const seen = values.filter(known);
    return `${name} ${now}` + (seen.length ? ` (${chart.format(Math.min(...seen))} to ${chart.format(Math.max(...seen))})` : "");
  });
  return `${chart.title}. ${told.join(", ")}.`;
}

function showMix(parts, lines) {
  const shares = lines.filter(({ share }) => share > 0);
  parts.mix.hidden = !shares.length;
  parts.mix.replaceChildren(...shares.map(({ colour, share }) => {
    const part = element("span", { class: colour });
    part.style.flex = `${share} 0 0`;
    return part;
  }));
}

function showCard(chart) {
  const parts = cards.get(chart.id);
  parts.section.hidden = Boolean(chart.used) && !chart.used(board);
  if (parts.section.hidden) return;
  const lines = chart.lines(board);
  const has = board.points.at.length > 0 && (chart.always || lines.some(({ values }) => anything(values)));
  parts.figure.textContent = has ? chart.figure(board) : "";
  parts.legend.replaceChildren(...(has ? lines.map(legendItem) : []));
  parts.legend.classList.toggle("rows", Boolean(chart.rows));
  parts.note.hidden = !has || !chart.note;
  parts.details.hidden = !board.points.at.length;
  showMix(parts, has ? lines : []);
  parts.empty.hidden = has;
  parts.canvas.hidden = !has || typeof Chart === "undefined";
  parts.canvas.parentElement.hidden = has && typeof Chart === "undefined";
  parts.canvas.setAttribute("aria-label", describe(chart, lines));
  if (has && typeof Chart !== "undefined") parts.drawn = draw(chart, parts.canvas, parts.drawn, lines, board);
  showTable(chart);
}

function tile(name, figure, more, level = "") {
  return element("div", { "data-level": level }, element("dt", {}, name), element("dd", {}, figure), element("dd", { class: "more" }, more));
}

function showTiles() {
  const { minute, points, live } = board, { good, fair, bad } = scoreColumns(points);
  const replies = sum(repliesOf(points)), rated = sum([sum(good), sum(fair), sum(bad)]);
  const waiting = live ? live.waiting.inference : null, oldest = live ? live.oldest_seconds.inference : null;
  const answers = minuteOf(minute.answers), p50 = minuteOf(minute.latency_ms.p50);
  const span = document.querySelector("input[name=range]:checked + span").textContent.replace(" ", "\u00a0");
  byId("tiles").replaceChildren(
    tile("Messages", shown.rate(minuteOf(minute.arrivals)), known(answers) ? `${shown.rate(answers)} answered` : "not measured yet"),
    tile("Time to the answer", shown.time(p50), known(p50) ? `95 % within ${shown.time(minuteOf(minute.latency_ms.p95))}` : "nothing to measure"),
    tile("Waiting", shown.count(waiting), waiting ? `the oldest for ${shown.age(oldest)}` : waiting === 0 ? "nothing waits" : "not known", oldest >= 5 ? "bad" : ""),
    tile("Answered", shown.share(ratio(sum(points.kinds.answer) + sum(points.kinds.recall), replies)), replies ? `of ${shown.count(replies)} in ${span}` : `no messages in ${span}`),
    tile("Satisfied", shown.share(ratio(sum(good), rated)), rated ? `of ${shown.count(rated)} in ${span}` : `no ratings in ${span}`),
    tile("For a person", shown.count(live ? live.handovers_open : null), live && live.handovers_open_since ? `the oldest for ${shown.age(board.now - live.handovers_open_since)}` : live ? "nobody waits" : "not known", live && live.handovers_open ? "warn" : ""));
}

const ENCODERS = { small: "Answers of the small encoder", large: "of the large one", none: "of none (TF-IDF)" };

function workerItem(worker) {
  const [queue] = QUEUES[worker.queue] || [worker.queue];
  const filled = element("span"), load = element("div", { class: "load", "aria-hidden": "true", "data-level": worker.busy > 0.9 ? "warn" : "" }, filled);
  filled.style.width = `${(worker.busy || 0) * 100}%`;
  const work = [`${shown.rate(worker.messages_per_second)}`, worker.batch_messages && worker.queue !== "generation" ? `${shown.size(worker.batch_messages)} a batch` : null];
  const base = worker.knowledge_revision ? `knowledge ${worker.knowledge_revision.slice(0, 12)}, ${shown.count(worker.knowledge_entries)} entries` : null;
  const faults = [worker.paused ? "paused" : null, worker.knowledge_refused ? `refused a knowledge base of ${worker.knowledge_refused}` : null, worker.model_away ? "leaves its language model alone" : null].filter(Boolean);
  return element("li", { class: "worker" },
    element("h3", {}, `${queue}, ${worker.engine}`, element("b", {}, known(worker.busy) ? `${shown.share(worker.busy)} busy` : "–")), load,
    element("p", {}, work.filter(Boolean).join(", ")), base && element("p", {}, base),
    element("p", {}, `${worker.id}, up for ${shown.age(board.now - worker.started_at)}`),
    faults.length ? element("p", { class: "warned" }, faults.join(", ")) : null);
}

function showWorkers() {
  const encoders = totals(board.points.encoders).filter(([, replies]) => replies), replies = sum(encoders.map(([, own]) => own));
  byId("encoders").textContent = encoders.map(([name, own]) =>
    `${ENCODERS[name] || name} ${shown.share(own / replies)}`).join(", ");
  const { workers, workers_in_all: all } = board.live || { workers: [], workers_in_all: 0 };
  const items = workers.map(workerItem);
  if (all > workers.length) items.push(element("li", { class: "worker" }, `and ${shown.count(all - workers.length)} more`));
  byId("workers").replaceChildren(...(items.length ? items : [element("li", { class: "empty" }, "No worker reports")]));
}

function showState(level, text, notes = []) {
  const state = byId("state");
  // Figures change every few seconds: read aloud is only that things have become better or worse.
  if (state.dataset.level !== level) byId("announced").textContent = text;
  state.dataset.level = level;
  byId("headline").textContent = text;
  byId("notes").replaceChildren(...notes.map((note) => element("li", {}, note)));
  document.title = level === "bad" ? `! ${text}` : "Parley: dashboard";
}

function show() {
  showState(board.level, board.headline, board.notes);
  byId("measured").textContent = board.live ? `Measured at ${timeOf(exactClock, board.live.at)}` : "";
  byId("library").hidden = typeof Chart !== "undefined";
  showTiles();
  CHARTS.forEach(showCard);
  showWorkers();
}

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  const mine = ++asked, of = range;
  const newest = board && board.range === of ? last(board.points.at) : null;
  try {
    // A connection that is lost and does not know would leave old figures on the wall as if all were well.
    const options = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
    const { body } = await request(at(`/dashboard/data?range=${of}${newest ? `&since=${newest}` : ""}`), options);
    if (mine !== asked) return;
    board = { ...body, range: of, points: newest ? extended(board.points, body) : body.points };
    show();
  } catch (error) {
    if (mine !== asked) return;
    showState("bad", error.message, board ? ["The figures below are old."] : []);
  }
  timer = setTimeout(refresh, POLL_MS);
}

function choose(wanted) {
  const radio = document.querySelector(`input[name=range][value="${CSS.escape(wanted)}"]`);
  if (!radio) return;
  radio.checked = true;
  range = wanted;
  refresh();
}

// Colours are read when a chart is made: with others it is made again.
function redraw() {
  for (const parts of cards.values()) {
    if (parts.drawn) parts.drawn.destroy();
    parts.drawn = null;
  }
  if (board) show();
}

document.querySelector(".ranges").addEventListener("change", (event) => {
  history.replaceState(null, "", `#${event.target.value}`);
  choose(event.target.value);
});
window.addEventListener("hashchange", () => choose(location.hash.slice(1)));
document.addEventListener("visibilitychange", refresh);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
takeKey(refresh);
CHARTS.forEach(makeCard);
choose(location.hash.slice(1) || range);
if (!asked) refresh();
