"use strict";
// Where a message is written: grows with it, sends with Enter.
const MAX_MESSAGE = 4000, COUNTED_BELOW = 500, TOLD_LEFT = [0, 20, 100, COUNTED_BELOW - 1];
const WHILE_COMPOSING = 229; // Safari says so of the Enter that ends a composition

class Composer {
  // `post` sends a message, `tell` reads aloud.
  constructor(post, tell) {
    this.box = element("textarea", {
      id: "message", rows: 1, maxlength: MAX_MESSAGE, dir: "auto", enterkeyhint: "send",
      placeholder: say("placeholder"), "aria-label": say("message"),
    });
    this.button = element("button", { id: "send", class: "send", "aria-label": say("send"), disabled: "" }, icon("M12 20V5m0 0-6 6m6-6 6 6"));
    this.count = element("p", { class: "count" });
    this.element = element("form", { class: "composer", autocomplete: "off" }, this.box, this.button);
    Object.assign(this, { post, tell });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.box.addEventListener("input", () => this.fit());
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === WHILE_COMPOSING) return;
      event.preventDefault();
      this.send();
    });
  }

  send() {
    const message = this.box.value.trim();
    if (!message) return;
    this.box.value = "";
    this.fit();
    this.post(message);
  }

  fit() {
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight}px`;
    this.button.disabled = !this.box.value.trim();
    this.countLeft(MAX_MESSAGE - this.box.value.length);
  }

  // Seen is each number, read aloud are a few: who types wants no number after each letter.
  countLeft(left) {
    this.count.textContent = left < COUNTED_BELOW ? say("left", { count: left }) : "";
    const told = TOLD_LEFT.find((limit) => left <= limit) ?? MAX_MESSAGE;
    if (told < this.told) this.tell(this.count.textContent);
    this.told = told;
  }

  // On a touch screen the keyboard would cover what has just been asked.
  focus() { if (!matchMedia("(pointer: coarse)").matches) this.box.focus(); }
}
