"use strict";
// The chat on a page of another site: a button, and a panel in a shadow tree that the page's styles do not reach.
const STYLE = "/*style*/";
const BUBBLE = "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z";
const CROSS = "M6 6l12 12M18 6 6 18", ANEW = "M12 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-6M9.5 14.5l.6-3 8-8a1.7 1.7 0 0 1 2.4 2.4l-8 8z";
const SMALL = "(max-width: 480px), (max-height: 420px)";
const NOT_THE_PAGES = ["keydown", "keyup", "keypress", "input", "copy", "cut", "paste"];
const tag = document.currentScript || document.querySelector('script[src*="/widget.js"]');
const given = tag.dataset, home = new URL(".", tag.src).href.slice(0, -1);

server.base = () => home;
server.key = () => given.key || null;
server.refused = () => {};

function complain(sentence) {
  if (complain.last !== sentence) console.error(`Parley: ${complain.last = sentence}`);
}

// Tell who builds the page why the chat does not work; its visitors are told that it does not.
async function diagnose(error) {
  if (error.status === 401 || error.status === 403) complain(`${error.message} Give the script's tag a key with the scope chat as data-key.`);
  if (error.status) return;
  const reached = await fetch(at("/widget.js"), { method: "HEAD", mode: "no-cors", cache: "no-store" }).then(() => true, () => false);
  complain(reached
    ? `${home} does not answer pages of ${location.origin}. Add this origin to PARLEY_CORS_ORIGINS.`
    : `${home} cannot be reached. Does it run, and does this page's Content-Security-Policy allow it in connect-src?`);
}

function readWords() {
  let own = {};
  try { own = JSON.parse(given.words || "{}"); } catch { complain("data-words is no JSON object."); }
  for (const [name, text] of Object.entries(own || {})) {
    if (Object.hasOwn(words, name) && typeof text === "string") words[name] = text;
    else complain(`data-words: the chat has no word "${name}", or what it is to say is no text.`);
  }
  if (given.title) words.name = given.title;
}

// A page that never turns dark keeps a light chat, whatever the visitor prefers.
function scheme() {
  if (["light", "dark"].includes(given.theme)) return given.theme;
  return getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "light dark" : "light";
}

function plainSheet() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(":host { all: initial !important; }");
  return sheet;
}

// Our styles, independent of the size of the page's root font, but not of the visitor's own.
function styleSheet(host, colors) {
  const unit = parseFloat(getComputedStyle(host).fontSize) || 16;
  const dark = { light: "not all", dark: "all" }[colors] || "(prefers-color-scheme: dark)";
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE.replaceAll(":root", ".frame").replaceAll("(prefers-color-scheme: dark)", dark)
    .replace(/(\d*\.?\d+)rem\b/g, (_, count) => `${count * unit}px`));
  return sheet;
}

// Return black or white, whichever is better read on a colour of any notation.
function readableOn(color) {
  const paper = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  paper.fillStyle = color;
  paper.fillRect(0, 0, 1, 1);
  const [red, green, blue] = Array.from(paper.getImageData(0, 0, 1, 1).data, (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5 ? "#fff" : "#000";
}

class Widget {
  constructor() {
    this.kept = new Kept(() => (given.storage === "local" ? localStorage : sessionStorage), `parley ${home} `);
    this.small = matchMedia(SMALL);
    this.unread = 0;
    this.host = element("parley-chat");
    this.build();
    const tree = this.host.attachShadow({ mode: "open" }), colors = scheme();
    tree.append(this.frame);
    document.documentElement.append(this.host);
    tree.adoptedStyleSheets = [plainSheet()]; // so that the size of the visitor's own font can be read
    tree.adoptedStyleSheets = [styleSheet(this.host, colors)];
    this.frame.style.colorScheme = colors;
    this.paint();
    this.heed();
    this.resume();
  }

  build() {
    const title = given.title || say("name");
    this.label = element("span", {}, given.label || "");
    this.badge = element("span", { class: "badge", "aria-hidden": "true" });
    this.launcher = element("button", { type: "button", class: "launcher", "aria-haspopup": "dialog" }, icon(BUBBLE), this.label, this.badge);
    this.again = element("button", { type: "button", "aria-label": say("restart"), title: say("restart"), hidden: "" }, icon(ANEW));
    this.cross = element("button", { type: "button", "aria-label": say("close"), title: say("close") }, icon(CROSS));
    const head = element("div", { class: "head" }, element("h2", { dir: "auto" }, title), this.again, this.cross);
    const place = element("div", { class: "talk" });
    this.panel = element("dialog", { class: "panel", "aria-label": title, tabindex: -1 }, head, place);
    this.frame = element("section", {
      class: "frame", "aria-label": title, lang: given.lang || "en", "data-position": given.position === "left" ? "left" : "right",
      dir: getComputedStyle(document.documentElement).direction,
    }, this.launcher, this.panel);
    this.isKnown = this.kept.get("conversation") !== null;
    this.talk = new Talk(place, {
      welcome: this.welcome(), kept: this.kept, user: given.user, facts: "details" in given,
      heed: (what, error) => {
        if (what === "said" || what === "restarted") this.again.hidden = what === "restarted";
        if (what === "person" || what === "answered") this.count();
        if (what === "unreachable") diagnose(error);
      },
    });
    this.show();
  }

  welcome() {
    const asked = (given.questions || "").split("|").map((text) => text.trim()).filter(Boolean);
    const chips = asked.map((text) => element("button", { type: "button", class: "chip", dir: "auto" }, text));
    return element("div", { class: "welcome" }, element("h2", { dir: "auto" }, given.greeting || say("welcome")), element("div", { class: "chips" }, ...chips));
  }

  // The page's own colour, from the tag or its style sheet, with letters on it that can be read.
  paint() {
    const color = given.color || getComputedStyle(this.host).getPropertyValue("--parley-accent").trim();
    if (!color) return;
    if (!CSS.supports("color", color)) { complain(`${color} is no colour.`); return; }
    const on = readableOn(color), soft = `color-mix(in srgb, ${color} 12%, var(--surface))`;
    const colors = { accent: color, mine: color, "on-accent": on, "on-mine": on, "accent-soft": soft, link: "var(--text)", focus: "var(--text)" };
    for (const [name, value] of Object.entries(colors)) this.frame.style.setProperty(`--${name}`, value);
  }

  heed() {
    this.launcher.addEventListener("click", () => (this.panel.open ? this.close() : this.open()));
    this.cross.addEventListener("click", () => this.close());
    this.again.addEventListener("click", () => this.talk.conversation.restart());
    this.panel.addEventListener("close", () => this.closed());
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing && event.keyCode !== WHILE_COMPOSING && !this.panel.matches(":modal")) this.close();
    });
    this.small.addEventListener("change", () => { if (this.panel.open) { this.panel.close(); this.open(); } });
    // Who takes the element off the page takes the chat away.
    new MutationObserver((_, watch) => {
      if (this.host.isConnected) return;
      watch.disconnect();
      this.talk.conversation.leave();
    }).observe(document.documentElement, { childList: true });
    // What is typed here is not for the page's shortcuts.
    for (const name of NOT_THE_PAGES) this.frame.addEventListener(name, (event) => event.stopPropagation());
    if (window.visualViewport) for (const name of ["resize", "scroll"]) visualViewport.addEventListener(name, () => this.fit());
  }

  // A keyboard on the screen leaves less of it to be seen.
  fit() {
    this.panel.style.setProperty("--seen", `${visualViewport.height}px`);
    this.panel.style.setProperty("--top", `${visualViewport.offsetTop}px`);
  }

  // What was open on the page before stays open; a reply or a person is waited for behind a closed panel too.
  resume() {
    if (this.kept.get("open") && !this.small.matches) this.open({ focus: false });
    else if (this.isKnown && (this.kept.get("followed") || this.kept.get("pending"))) this.begin();
  }

  begin() {
    if (this.begun) return;
    this.begun = true;
    if (this.isKnown) this.talk.conversation.restore();
    else send(at("/readyz")).catch((error) => { if (!error.status) { diagnose(error); this.talk.transcript.note(say("unreachable")); } });
  }

  open({ focus = true } = {}) {
    if (!this.small.matches) this.panel.open = true;
    else {
      this.panel.showModal();
      this.panel.focus(); // not the message box, whose keyboard would cover all
    }
    this.unread = 0;
    this.kept.set("open", true);
    this.show();
    this.begin();
    this.talk.transcript.toEnd();
    if (focus && !this.small.matches) this.talk.composer.box.focus();
  }

  close() {
    this.panel.close();
    this.closed();
    this.launcher.focus();
  }

  closed() {
    if (this.panel.open) return; // it was opened again in another size
    this.kept.set("open", null);
    this.show();
  }

  count() {
    if (!this.panel.open) this.unread += 1;
    this.show();
  }

  show() {
    const { open } = this.panel;
    this.launcher.setAttribute("aria-expanded", String(open));
    this.launcher.querySelector(".icon").replaceWith(icon(open ? CROSS : BUBBLE));
    this.label.hidden = open || !given.label;
    this.badge.hidden = !this.unread;
    this.badge.textContent = this.unread;
    const name = open ? say("close") : given.label || say("open");
    this.launcher.setAttribute("aria-label", this.unread ? `${name}, ${say("unread", { count: this.unread })}` : name);
  }
}

function start() {
  readWords();
  if (!document.querySelector("parley-chat")) new Widget();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
