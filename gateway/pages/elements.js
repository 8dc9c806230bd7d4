"use strict";
// What all pages share: elements, Markdown, numbers. Nothing here knows the server.
const byId = (id) => document.getElementById(id);

// Build elements from text alone: nothing that a server or a person wrote is ever parsed as markup.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

// A picture of one stroke, drawn on 24 by 24; never read aloud.
function icon(path) {
  const [picture, stroke] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [name, value] of [["class", "icon"], ["viewBox", "0 0 24 24"], ["aria-hidden", "true"]]) picture.setAttribute(name, value);
  stroke.setAttribute("d", path);
  picture.append(stroke);
  return picture;
}

const INLINE = [
  [/`([^`]+)`/, (m) => element("code", {}, m[1])],
  [/\[([^\]\n]+)\]\(((?:https?:\/\/|mailto:)[^\s()<>]+)\)/i, (m) => link(m[2], inline(m[1]))],
  [/\*\*(?=\S)([^\n]+?\S?)\*\*(?!\*)/, (m) => element("strong", {}, ...inline(m[1]))],
  [/(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])/, (m) => element("em", {}, ...inline(m[1]))],
  [/(?<![\w_])_(?=[^\s_])([^_\n]*[^\s_])_(?![\w_])/, (m) => element("em", {}, ...inline(m[1]))],
  [/https?:\/\/[^\s<>()"']+[^\s<>()"'.,;:!?]/i, (m) => link(m[0], [m[0]])],
];

function link(address, children) {
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

function inline(text) {
  let first = null;
  for (const [pattern, build] of INLINE) {
    const match = pattern.exec(text);
    if (match && (!first || match.index < first.match.index)) first = { match, build };
  }
  if (!first) return text ? [text] : [];
  const { match, build } = first;
  const rest = text.slice(match.index + match[0].length);
  return [...inline(text.slice(0, match.index)), build(match), ...inline(rest)];
}

const ITEM = /^\s{0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;

function markdown(text) {
  const blocks = [];
  let paragraph = [], list = null, fence = null;
  const flush = () => {
    if (paragraph.length) blocks.push(element("p", {}, ...inline(paragraph.join(" "))));
    if (list) {
      const items = list.items.map((item) => element("li", {}, ...inline(item)));
      blocks.push(element(list.tag, list.start > 1 ? { start: list.start } : {}, ...items));
    }
    paragraph = [];
    list = null;
  };
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    if (/^\s{0,3}```/.test(line)) {
      if (fence) blocks.push(element("pre", {}, element("code", {}, fence.join("\n"))));
      else flush();
      fence = fence ? null : [];
      continue;
    }
    if (fence) { fence.push(line); continue; }
    const item = ITEM.exec(line), heading = /^#{1,6}\s+(.*)$/.exec(line);
    if (item) {
      const tag = item[1] ? "ol" : "ul";
      if (paragraph.length || (list && list.tag !== tag)) flush();
      list = list || { tag, start: Number(item[1] || 1), items: [] };
      list.items.push(item[2]);
    } else if (heading) {
      flush();
      blocks.push(element("p", {}, element("strong", {}, ...inline(heading[1]))));
    } else if (!line.trim()) flush();
    else if (list && /^\s+/.test(line)) list.items.push(`${list.items.pop()} ${line.trim()}`);
    else {
      if (list) flush();
      paragraph.push(line.trim());
    }
  }
  if (fence) blocks.push(element("pre", {}, element("code", {}, fence.join("\n"))));
  flush();
  return blocks;
}

function notice(text) { return element("p", { class: "notice" }, text); }

const percent = (share) => `${Math.round(share * 100)} %`;
const milliseconds = (value) => value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`;
