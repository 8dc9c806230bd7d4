"use strict";
// Figures of the dashboard: how they are written, and what is added up from points. Nothing here draws.
const known = (value) => typeof value === "number" && Number.isFinite(value);
const written = (value, digits, unit) => known(value)
  ? `${value.toLocaleString(undefined, { maximumFractionDigits: digits })}${unit}` : "–";

const shown = {
  count: (value) => written(value, 0, ""),
  size: (value) => written(value, 1, ""),
  // A few messages a minute are told as such; on an axis its end decides for all of it.
  rate: (value, top = value) => top > 0 && top < 0.5 ? written(value * 60, value < 10 / 60 ? 1 : 0, "/min") : written(value, value < 10 ? 1 : 0, "/s"),
  share: (value) => written(known(value) ? value * 100 : value, value < 0.1 ? 1 : 0, "\u00a0%"),
  time: (value) => value >= 1000 ? written(value / 1000, value < 10000 ? 1 : 0, "\u00a0s") : written(value, value < 10 ? 1 : 0, "\u00a0ms"),
  age: (value) => value >= 7200 ? written(value / 3600, 0, "\u00a0h")
    : value >= 120 ? written(value / 60, 0, "\u00a0min") : written(value, value < 10 ? 1 : 0, "\u00a0s"),
};

const sum = (values) => (values || []).reduce((total, value) => total + (value || 0), 0);
const ratio = (part, whole) => whole > 0 ? part / whole : null;
const last = (values) => values && values.length ? values[values.length - 1] : null;
const anything = (values) => values.some((value) => known(value) && value !== 0);
const per = (parts, wholes) => parts.map((part, place) => ratio(part, wholes[place]));
const difference = (some, others) => some.map((value, place) => Math.max(0, value - others[place]));

// The totals of an object of columns, as [name, total].
const totals = (columns) => Object.entries(columns || {}).map(([name, values]) => [name, sum(values)]);
// The sum of several columns, point by point.
const together = (columns) => (columns[0] || []).map((_, place) => sum(columns.map((values) => values[place])));

// Put new points after old ones, in every column: `from` old ones stay, the first `dropped` of them not.
function joined(old, fresh, dropped, from) {
  if (Array.isArray(fresh)) return [...(old || []).slice(dropped, from), ...fresh];
  return Object.fromEntries(Object.entries(fresh).map(([name, values]) =>
    [name, joined(old && old[name], values, dropped, from)]));
}

// Add what came in answer to `since`: it begins with the step that the last known point lies in.
function extended(points, data) {
  const step = data.step_seconds, slot = (at) => Math.ceil(at / step);
  const begins = data.points.at.length ? slot(data.points.at[0]) : Infinity;
  const from = points.at.filter((at) => slot(at) < begins).length;
  const dropped = points.at.filter((at) => at <= data.now - data.range_seconds).length;
  return joined(points, data.points, dropped, from);
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exactClock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dated = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
const timeOf = (format, unixSeconds) => format.format(new Date(unixSeconds * 1000));

// Times on an axis: round ones in the zone of whoever looks.
const TICK_SECONDS = [60, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 21600];
function roundTimes(from, to, most) {
  const step = TICK_SECONDS.find((seconds) => (to - from) / seconds <= most) || 43200;
  const offset = -60 * new Date(to * 1000).getTimezoneOffset();
  const times = [];
  for (let at = Math.ceil((from + offset) / step) * step - offset; at <= to; at += step) times.push(at);
  return times;
}
