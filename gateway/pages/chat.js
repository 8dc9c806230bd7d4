"use strict";
// The chat page: what stands around the conversation.
const READY_AGAIN_MS = 5000;

function showStatus(state, text) {
  byId("status").dataset.state = state;
  if (byId("status-text").textContent !== text) byId("status-text").textContent = text;
}

// Asked when the page opens and after trouble, and on until all is well.
async function checkStatus() {
  clearTimeout(checkStatus.timer);
  try {
    const state = await (await fetch(at("/readyz"))).json();
    if (state.status === "ready") { showStatus("ready", "Online"); return; }
    if (!state.redis.ok) showStatus("down", "Out of order");
    else showStatus("waiting", state.inference.ok ? "Almost ready" : "Starting");
  } catch { showStatus("down", navigator.onLine ? "Not reachable" : "Offline"); }
  checkStatus.timer = setTimeout(checkStatus, READY_AGAIN_MS);
}

const place = new URL(at("/"), location.href).pathname;
const chat = new Talk(byId("talk"), {
  welcome: byId("welcome"),
  kept: new Kept(() => sessionStorage, `parley ${place} `),
  heed: (what) => {
    if (what === "said" || what === "restarted") byId("restart").hidden = what === "restarted";
    if ((what === "person" || what === "answered") && document.hidden) document.title = "● Parley";
    if (what === "unreachable") checkStatus();
  },
});
chat.foot.prepend(byId("key-form"));
chat.foot.append(byId("hint"));
byId("hint").append(chat.composer.count);

byId("restart").addEventListener("click", () => chat.conversation.restart());
takeKey(() => {
  chat.composer.box.focus();
  const again = chat.log.querySelector(".turn:last-child .again");
  if (again) again.click();
  else if (!chat.log.children.length) chat.conversation.restore();
});

// A keyboard on the screen leaves less of the page to be seen: keep to what is left.
if (window.visualViewport) {
  const fit = () => {
    document.body.style.setProperty("--seen", `${visualViewport.height}px`);
    window.scrollTo(0, 0);
  };
  visualViewport.addEventListener("resize", fit);
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) document.title = "Parley"; });
for (const name of ["online", "offline"]) window.addEventListener(name, checkStatus);
chat.composer.focus();
chat.conversation.restore();
checkStatus();
