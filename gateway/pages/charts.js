"use strict";
// What each chart of the dashboard shows. `board` is the last answer, with all points of the range.
const line = (name, values, colour, more = {}) => ({ name, values, colour, ...more });
const QUEUES = { inference: ["Inference", "blue"], sentiment: ["Sentiment", "vermillion", "dash"], "inference-large": ["Large", "purple", "dot"], generation: ["Generation", "green", "dash"] };
const NEEDED_QUEUES = ["inference", "sentiment"];
const KINDS = [
  ["answer", "Answer", "green"], ["recall", "Recall", "blue"], ["smalltalk", "Small talk", "grey"],
  ["clarify", "Asks back", "amber"], ["handover", "Handover", "purple"], ["fallback", "No answer", "vermillion"],
];
const TONES = [["positive", "Positive", "blue"], ["neutral", "Neutral", "grey"], ["negative", "Negative", "vermillion"], ["unknown", "Unknown", "amber"]];
const QUANTILES = [["p50", "p50", "blue"], ["p95", "p95", "amber", "dash"], ["p99", "p99", "vermillion", "dot"]];
const STAGES = [["queue", "Queue", "amber"], ["prepare", "Prepare", "blue", "dot"], ["engine", "Engine", "green"], ["compose", "Compose", "purple", "dash"]];
const VARIANT_COLOURS = [["blue"], ["vermillion", "dash"]];

const minuteOf = (column) => column && column.length ? column[0] : null;
const usedQueues = (board) => Object.keys(QUEUES).filter((queue) => NEEDED_QUEUES.includes(queue)
  || board.live && board.live.served.includes(queue) || anything(board.points.queues[queue].workers));

// How a queue stands now. Points have the worst of their step.
const liveOf = (board, figure, queue) => board.live ? board.live[figure][queue] : null;

function queueLines(board, figure, format) {
  return usedQueues(board).map((queue) => {
    const [name, colour, dash] = QUEUES[queue];
    const values = board.points.queues[queue][figure];
    return line(name, values, colour, { dash, now: format(liveOf(board, figure, queue)) });
  });
}

const repliesOf = (points) => together(Object.values(points.kinds));

// Numbers of replies by what they were like: a rate each, stacked, and its share of the whole range.
function mixLines(board, columns, names) {
  const whole = sum(names.map(([name]) => sum(columns[name])));
  return names.map(([name, text, colour]) => {
    const share = ratio(sum(columns[name]), whole);
    return line(text, per(columns[name], board.points.seconds), colour, { area: true, share, now: shown.share(share) });
  });
}

function scoreColumns({ scores }) {
  return { good: together([scores[4], scores[5]]), fair: scores[3], bad: together([scores[1], scores[2]]) };
}

function variantLines(board) {
  const live = Object.entries(board.points.variants).filter(([, figures]) => sum(figures.replies) > 0);
  return live.map(([name, figures], place) => {
    const replies = sum(figures.replies), [colour, dash] = VARIANT_COLOURS[place % 2];
    const told = [shown.share(ratio(sum(figures.answered), replies)), shown.share(ratio(sum(figures.reasks), replies)), shown.time(ratio(sum(figures.total_ms), replies))].join(" / ");
    return line(name === "tfidf" ? "TF-IDF" : name.toUpperCase(), per(figures.replies, board.points.seconds), colour, { dash, now: told });
  });
}

// Messages that ended without a reply are shown where there are any.
function failureLines(points) {
  const ended = together(Object.values(points.failures)), all = sum(ended);
  return all ? [line("Without a reply", per(ended, points.seconds), "vermillion", { dash: "dot", now: shown.count(all) })] : [];
}

const CHARTS = [
  { id: "traffic", title: "Messages", format: shown.rate, empty: "No messages yet",
    figure: ({ minute }) => shown.rate(minuteOf(minute.answers)),
    lines: ({ points, minute }) => [
      line("Arrivals", points.arrivals, "blue", { fill: true, now: shown.rate(minuteOf(minute.arrivals)) }),
      line("Answers", points.answers, "green", { dash: "dash", now: shown.rate(minuteOf(minute.answers)) }),
      ...failureLines(points)] },
  { id: "latency", title: "Time to the answer", format: shown.time, empty: "No answers yet",
    figure: ({ minute }) => shown.time(minuteOf(minute.latency_ms.p50)),
    lines: ({ points, minute }) => QUANTILES.map(([name, text, colour, dash]) =>
      line(text, points.latency_ms[name], colour, { dash, now: shown.time(minuteOf(minute.latency_ms[name])) })) },
  { id: "stages", title: "Where the time goes (p95)", format: shown.time, empty: "No answers yet", rows: true,
    figure: () => "", note: "p50 / p95 / p99",
    lines: ({ points, minute }) => STAGES.map(([name, text, colour, dash]) => line(text, points.stages_ms[name].p95, colour, { dash,
      now: ["p50", "p95", "p99"].map((share) => shown.time(minuteOf(minute.stages_ms[name][share]))).join(" / ") })) },
  { id: "waiting", title: "Waiting messages", format: shown.count, whole: true, always: true,
    figure: (board) => shown.count(liveOf(board, "waiting", "inference")),
    lines: (board) => queueLines(board, "waiting", shown.count) },
  { id: "oldest", title: "Age of the oldest message", format: shown.age, always: true,
    figure: (board) => shown.age(liveOf(board, "oldest_seconds", "inference")),
    lines: (board) => queueLines(board, "oldest_seconds", shown.age) },
  { id: "batch", title: "Messages in a batch", format: shown.size, empty: "No batches yet",
    figure: ({ minute }) => shown.size(minuteOf(minute.queues.inference.batch_messages)),
    // A language model's server forms batches of its own.
    lines: (board) => usedQueues(board).filter((queue) => queue !== "generation").map((queue) => {
      const [name, colour, dash] = QUEUES[queue];
      return line(name, board.points.queues[queue].batch_messages, colour, { dash, now: shown.size(minuteOf(board.minute.queues[queue].batch_messages)) });
    }) },
  { id: "load", title: "Load of the workers", format: shown.share, top: 1, always: true,
    figure: ({ minute }) => shown.share(minuteOf(minute.queues.inference.busy)),
    lines: (board) => usedQueues(board).map((queue) => {
      const [name, colour, dash] = QUEUES[queue], { busy, workers } = board.points.queues[queue];
      const serving = last(workers) || 0;
      return line(name, busy, colour, { dash, now: `${shown.share(minuteOf(board.minute.queues[queue].busy))}, ${serving} ${serving === 1 ? "worker" : "workers"}` });
    }) },
  { id: "kinds", title: "Answer kinds", format: shown.rate, stacked: true, empty: "No messages yet",
    figure: ({ points }) => `${shown.share(ratio(sum(points.kinds.answer) + sum(points.kinds.recall), sum(repliesOf(points))))} answered`,
    lines: (board) => mixLines(board, board.points.kinds, KINDS) },
  { id: "tones", title: "Tone", format: shown.rate, stacked: true, empty: "No messages yet",
    figure: ({ points }) => `${shown.share(ratio(sum(points.tones.negative), sum(together(Object.values(points.tones)))))} negative`,
    lines: (board) => mixLines(board, board.points.tones, TONES) },
  { id: "reasks", title: "Asked again", format: shown.share, empty: "No messages yet",
    figure: ({ points }) => shown.share(ratio(sum(points.reasks), sum(repliesOf(points)))),
    lines: ({ points }) => [line("Messages that ask again", per(points.reasks, repliesOf(points)), "purple", { fill: true,
      now: `${shown.count(sum(points.reasks))} of ${shown.count(sum(repliesOf(points)))}` })] },
  { id: "satisfaction", title: "Satisfaction", format: shown.count, stacked: true, whole: true, bars: true, empty: "No feedback yet",
    figure: ({ points }) => { const { good, fair, bad } = scoreColumns(points); return `${shown.share(ratio(sum(good), sum([sum(good), sum(fair), sum(bad)])))} good`; },
    lines: (board) => { const scores = scoreColumns(board.points);
      return mixLines(board, scores, [["good", "Good (4, 5)", "blue"], ["fair", "So-so (3)", "grey"], ["bad", "Bad (1, 2)", "vermillion"]])
        .map((each, place) => ({ ...each, values: Object.values(scores)[place] })); } },
  { id: "handovers", title: "Conversations for a person", format: shown.count, whole: true, always: true,
    figure: ({ live }) => `${shown.count(live ? live.handovers_open : null)} waiting`,
    lines: ({ points, live }) => [
      line("Waiting", points.handovers.open, "vermillion", { fill: true, now: shown.count(live ? live.handovers_open : null) }),
      line("Taken", points.handovers.claimed, "blue", { dash: "dash", now: shown.count(last(points.handovers.claimed)) }),
      line("Dead letters", points.dead_letters, "grey", { dash: "dot", now: shown.count(last(points.dead_letters)) })] },
  { id: "looks", title: "Second looks", format: shown.rate, empty: "No second looks yet",
    used: ({ live, points }) => live && live.cascade || sum(points.second_looks.wanted) > 0,
    figure: ({ points }) => `${shown.share(ratio(sum(points.second_looks.made), sum(points.second_looks.wanted)))} made`,
    lines: ({ points }) => { const { wanted, handed, made } = points.second_looks, skipped = difference(wanted, handed);
      return [line("Made", per(made, points.seconds), "purple", { fill: true, now: shown.count(sum(made)) }),
        line("Skipped", per(skipped, points.seconds), "amber", { dash: "dash", now: shown.count(sum(skipped)) })]; } },
  { id: "variants", title: "Variants", format: shown.rate, rows: true, used: (board) => variantLines(board).length > 1,
    figure: () => "", note: "answered / asked again / mean time", lines: variantLines },
];

const DASHES = { dash: [7, 4], dot: [2, 3] };
const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Between gaps a lone point has no line to it: it is shown as a dot.
function radius({ dataset, dataIndex }) {
  const near = (place) => { const point = dataset.data[place]; return point && known(point.y); };
  return near(dataIndex) && !near(dataIndex - 1) && !near(dataIndex + 1) ? 2 : 0;
}

// Bars are few, so that each can be seen: some points together are one.
const MOST_BARS = 45;
function barsOf(at, lines) {
  const each = Math.ceil(at.length / MOST_BARS), starts = at.map((_, place) => place).filter((place) => place % each === 0);
  const added = (values) => starts.map((start) => sum(values.slice(start, start + each)));
  return { at: starts.map((start) => at[start]), lines: lines.map((one) => ({ ...one, values: added(one.values) })) };
}

function dataset(chart, { name, values, colour, dash, fill, area }, at) {
  const drawn = colourOf(colour);
  return {
    label: name, data: values.map((y, place) => ({ x: at[place], y })), borderColor: drawn, pointBackgroundColor: drawn,
    backgroundColor: area ? drawn : `${drawn}26`, fill: area ? (chart.stacked ? "stack" : false) : Boolean(fill),
    borderWidth: area ? 0 : 2, borderDash: DASHES[dash] || [], pointRadius: radius, pointHoverRadius: 3, pointHitRadius: 8, clip: 4,
    barPercentage: 1, categoryPercentage: 0.85,
  };
}

// Labels stay clear of both ends: one that stood out would push the whole chart aside.
const LABEL_WIDTH = 62;
function timeTicks({ min, max, width }) {
  const clear = (max - min) * LABEL_WIDTH / 2 / Math.max(width, 2 * LABEL_WIDTH);
  return roundTimes(min, max, Math.max(2, Math.floor(width / LABEL_WIDTH)))
    .filter((at) => at >= min + clear && at <= max - clear).map((value) => ({ value }));
}

function optionsOf(chart) {
  const grid = colourOf("line"), text = colourOf("soft");
  return {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
    interaction: { mode: "index", intersect: false },
    layout: { padding: { top: 4, right: 4 } },
    scales: {
      x: { type: "linear", bounds: "data", offset: false, stacked: Boolean(chart.bars), grid: { color: grid, drawTicks: false }, border: { color: grid },
        afterBuildTicks: (axis) => { axis.ticks = timeTicks(axis); },
        ticks: { color: text, autoSkip: false, maxRotation: 0, padding: 6, callback: (value) => timeOf(clock, value) } },
      y: { beginAtZero: true, stacked: Boolean(chart.stacked), max: chart.top, suggestedMax: chart.whole ? 4 : undefined, grace: chart.top ? 0 : "8%",
        grid: { color: grid, drawTicks: false }, border: { display: false },
        ticks: { color: text, maxTicksLimit: 5, precision: chart.whole ? 0 : undefined, padding: 6, callback(value) { return chart.format(value, this.max); } } },
    },
    plugins: {
      legend: { display: false },
      tooltip: { animation: false, position: "nearest", caretSize: 0, backgroundColor: colourOf("text"), titleColor: colourOf("surface"), bodyColor: colourOf("surface"),
        callbacks: { title: ([item]) => item ? timeOf(dated, item.parsed.x) : "", label: (item) => ` ${item.dataset.label}  ${chart.format(item.parsed.y)}` } },
    },
  };
}

// Draw a chart, or draw it again with other points.
function draw(chart, canvas, drawn, lines, board) {
  const seen = chart.bars ? barsOf(board.points.at, lines) : { at: board.points.at, lines };
  const made = drawn || new Chart(canvas, { type: chart.bars ? "bar" : "line", data: { datasets: [] }, options: optionsOf(chart) });
  made.data.datasets = seen.lines.map((each) => dataset(chart, each, seen.at));
  made.options.spanGaps = board.step_seconds * 2.5;
  made.options.scales.x.min = board.now - board.range_seconds;
  made.options.scales.x.max = board.now;
  made.update("none");
  return made;
}
