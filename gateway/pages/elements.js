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

const ITEM = /^\s{0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/, HEADING = /^#{1,6}\s+(.*)$/, FENCE = /^\s{0,3}```/;

// Takes lines of Markdown, and has the blocks that they make.
class MarkdownReader {
  constructor() { Object.assign(this, { blocks: [], paragraph: [], list: null, fence: null }); }

  // End the paragraph or list that has begun.
  flush() {
    if (this.paragraph.length) this.blocks.push(element("p", {}, ...inline(this.paragraph.join(" "))));
    if (this.list) {
      const { tag, start, items } = this.list;
      this.blocks.push(element(tag, start > 1 ? { start } : {}, ...items.map((item) => element("li", {}, ...inline(item)))));
    }
    this.paragraph = [];
    this.list = null;
  }

  read(line) {
    const item = ITEM.exec(line), heading = HEADING.exec(line);
    if (FENCE.test(line)) this.turnFence();
    else if (this.fence) this.fence.push(line);
    else if (item) this.readItem(item);
    else if (heading) {
      this.flush();
      this.blocks.push(element("p", {}, element("strong", {}, ...inline(heading[1]))));
    } else if (!line.trim()) this.flush();
    else this.readText(line);
  }

  turnFence() {
    if (this.fence) this.blocks.push(element("pre", {}, element("code", {}, this.fence.join("\n"))));
    else this.flush();
    this.fence = this.fence ? null : [];
  }

  readItem([, number, text]) {
    const tag = number ? "ol" : "ul";
    if (this.paragraph.length || (this.list && this.list.tag !== tag)) this.flush();
    this.list = this.list || { tag, start: Number(number || 1), items: [] };
    this.list.items.push(text);
  }

  // An indented line goes on with the item above it.
  readText(line) {
    if (this.list && /^\s+/.test(line)) {
      this.list.items.push(`${this.list.items.pop()} ${line.trim()}`);
      return;
    }
    if (this.list) this.flush();
    this.paragraph.push(line.trim());
  }
}

function markdown(text) {
  const reader = new MarkdownReader();
  text.replace(/\r\n?/g, "\n").split("\n").forEach((line) => reader.read(line));
  if (reader.fence) reader.turnFence();
  reader.flush();
  return reader.blocks;
}

function notice(text) { return element("p", { class: "notice" }, text); }

const percent = (share) => `${Math.round(share * 100)} %`;
const milliseconds = (value) => value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`;
