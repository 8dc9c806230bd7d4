"use strict";
// The chat as page and widget show it: banner, turns, composer; and the conversation behind them.
class Talk {
  // `place` is filled. `welcome` is seen until something is said; `heed` is told of the conversation's changes.
  constructor(place, { welcome, kept, user, facts = true, heed = () => {} }) {
    this.log = element("div", { id: "log", class: "log", role: "log", "aria-live": "off", "aria-label": say("conversation"), tabindex: 0 });
    this.scroller = element("div", { class: "scroller" }, welcome, this.log);
    this.composer = new Composer((message) => this.ask(message), (text) => this.transcript.tell(text));
    const latest = element("button", { type: "button", class: "latest", "aria-label": say("latest") }, icon("M12 5v14m0 0-6-6m6 6 6-6"));
    const teller = element("div", { class: "hidden", role: "status" }), top = banner();
    this.foot = element("div", { class: "foot" }, latest, this.composer.element, this.composer.count);
    place.append(top, this.scroller, this.foot, teller);
    this.transcript = new Transcript({ log: this.log, scroller: this.scroller, banner: top, latest, teller }, { facts });
    this.conversation = new Conversation(kept, this.transcript, {
      user,
      heed: (what, error) => {
        if (what === "said" || what === "restarted") welcome.hidden = what === "said";
        if (what === "retried" || what === "restarted") this.composer.focus();
        heed(what, error);
      },
    });
    for (const example of welcome.querySelectorAll(".chip")) {
      example.addEventListener("click", () => {
        this.ask(example.textContent);
        this.composer.focus();
      });
    }
  }

  ask(message) { this.conversation.ask(message); }
}
