// The keys: what each does, which ones a field keeps for itself, and the help that lists them.
"use strict";

(() => {
  const { get, make, source } = frisket;
  // The last value tells what a page without its program cannot do.
  const KEYS = [
    ["J, ↓", "next file"], ["K, ↑", "previous file"], ["N", "next file that asks for an eye"],
    ["A", "approve; again: take it back", true], ["R", "reject; again: take it back", true],
    ["D", "redo with other options", true], ["U", "undo the last decision", true],
    ["1 … 6", "checkerboard, black, white, red overlay, original, matte"],
    ["[ and ]", "before and after: move the edge"],
    ["L", "real pixels at 100 %, and back; arrows move what is seen", true],
    ["/", "search"], ["Esc", "back: from 100 %, from a field, to the list"], ["?", "this help"],
  ];
  const PANS = { ArrowLeft: [-0.25, 0], ArrowRight: [0.25, 0], ArrowUp: [0, -0.25],
    ArrowDown: [0, 0.25] };

  // What a key does where the focus is; null where it is the field's own, or nobody's.
  function find(event, acts, stage, leave) {
    const at = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    if (document.querySelector("dialog[open]")) return null;
    if (at.matches("input[type=search], select")) return event.key === "Escape" ? leave : null;
    if (at.matches("input[type=range]") && /^(Arrow|Page|Home|End)/.test(event.key)) return null;
    if (at.matches("button, a") && event.key === "Enter") return null;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (stage.isLoupe && PANS[key]) return () => stage.pan(...PANS[key]);
    if (/^[1-6]$/.test(key)) return () => stage.choose(stage.views[key - 1]);
    return acts[key] || null;
  }

  // `acts` are functions by key; `leave` goes back from a field.
  frisket.listenToKeys = (acts, stage, leave) => {
    document.addEventListener("keydown", (event) => {
      const act = find(event, acts, stage, leave);
      if (!act) return;
      event.preventDefault();
      act();
    });
    for (const key of document.querySelectorAll("button kbd")) {
      key.parentElement.setAttribute("aria-keyshortcuts", key.textContent);
    }
    const body = get("keys").tBodies[0];
    for (const [key, text, served] of KEYS) {
      if (served && source.readonly) continue;
      const line = body.insertRow();
      line.append(make("th", "", key), make("td", "", text));
      line.firstChild.scope = "row";
    }
  };
})();
