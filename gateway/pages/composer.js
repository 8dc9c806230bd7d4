"use strict";
// Where a message is written: grows with it, sends with Enter.
const MAX_MESSAGE = 4000, COUNTED_BELOW = 500;

class Composer {
  constructor(post) {
    this.box = element("textarea", {
      id: "message", rows: 1, maxlength: MAX_MESSAGE, dir: "auto", enterkeyhint: "send",
      placeholder: say("placeholder"), "aria-label": say("message"),
    });
    this.button = element("button", { id: "send", class: "send", "aria-label": say("send"), disabled: "" }, icon("M12 20V5m0 0-6 6m6-6 6 6"));
    this.count = element("p", { class: "count", "aria-live": "polite" });
    this.element = element("form", { class: "composer", autocomplete: "off" }, this.box, this.button);
    this.post = post;
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.box.addEventListener("input", () => this.fit());
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
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
    const left = MAX_MESSAGE - this.box.value.length;
    this.count.textContent = left < COUNTED_BELOW ? say("left", { count: left }) : "";
    this.button.disabled = !this.box.value.trim();
  }

  // On a touch screen the keyboard would cover what has just been asked.
  focus() { if (!matchMedia("(pointer: coarse)").matches) this.box.focus(); }
}
