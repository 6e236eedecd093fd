// The page: which files are shown, which one is chosen, what is decided, and the keys.
"use strict";

(() => {
  const { get, make, source, STATES } = frisket;
  const POLL_MS = 2000;
  const OVERLAP_S = 5; // a change may be stored somewhat later than it is dated
  const rows = new Map();
  const filter = { states: new Set(), text: "", folder: "", score: 100, order: "score" };
  let shown = []; // rows that pass the filter, in order
  let chosen = null; // id of a row
  let newest = 0;
  let shared = 0; // letters that the folders of all files begin with
  let counts = {};
  let dialog = null;
  const stage = new frisket.Stage();
  const list = new frisket.FileList((index) => choose(index));

  // Rows.

  async function load(after, id) {
    let changed = false, told;
    do {
      told = await source.rows(after, id);
      for (const row of told.rows) {
        changed = take(row) || changed;
        [after, id] = [row.changed, row.id];
        newest = Math.max(newest, row.changed);
      }
      if (after && told.rows.length === told.at_once) refresh();
    } while (told.rows.length === told.at_once);
    if (JSON.stringify(counts) !== JSON.stringify(told.counts)) changed = true;
    counts = told.counts;
    return changed;
  }

  function take(row) {
    const known = rows.get(row.id);
    if (row.state === "superseded") return rows.delete(row.id);
    if (known && known.changed === row.changed) return false;
    rows.set(row.id, row);
    return true;
  }

  async function poll() {
    if (document.hidden) return;
    try {
      if (await load(newest - OVERLAP_S, 0)) refresh();
      warn("");
    } catch (failure) {
      warn(failure.message);
    }
  }

  // What is shown.

  function passes(row) {
    if (filter.states.size && !filter.states.has(row.state)) return false;
    if (filter.folder && row.folder !== filter.folder) return false;
    if (filter.score < 100 && !(frisket.isJudged(row) && frisket.percent(row) <= filter.score)) {
      return false;
    }
    if (!filter.text) return true;
    const text = [row.name, row.folder, row.output, row.said, ...row.reasons].join("\n");
    return text.toLowerCase().includes(filter.text);
  }

  const byName = new Intl.Collator(undefined, { numeric: true }).compare;
  const ORDERS = {
    id: (a, b) => a.id - b.id,
    score: (a, b) => b.flagged - a.flagged || a.score - b.score || a.id - b.id,
    name: (a, b) => byName(a.name, b.name) || a.id - b.id,
  };

  function refresh() {
    const before = indexOfChosen();
    shown = [...rows.values()].filter(passes).sort(ORDERS[filter.order]);
    if (filter.order === "score") {
      const judged = shown.filter(frisket.isJudged);
      shown = [...judged, ...shown.filter((row) => !frisket.isJudged(row))];
    }
    // Who decides a file away from the list goes on with the one that takes its place.
    const stays = shown.some((row) => row.id === chosen);
    if (!stays) chosen = shown.length ? shown[Math.min(Math.max(before, 0), shown.length - 1)].id : null;
    showFolders();
    list.show(shown, indexOfChosen());
    tellProgress();
    showStates();
    showChosen();
  }

  const indexOfChosen = () => shown.findIndex((row) => row.id === chosen);

  function choose(index, open = true) {
    if (!shown[index]) return;
    chosen = shown[index].id;
    list.select(index);
    if (open) document.body.classList.add("opened");
    showChosen();
  }

  function step(by) {
    const at = indexOfChosen();
    choose(Math.min(Math.max(at + by, 0), shown.length - 1), false);
  }

  function stepToReview() {
    const at = indexOfChosen(), many = shown.length;
    for (let more = 1; more <= many; more++) {
      const index = (at + more) % many;
      if (shown[index].state === "review") return choose(index, false);
    }
    return say("Nothing of this list is left to look at.");
  }

  function tellProgress() {
    const all = [...rows.values()];
    const flagged = all.filter((row) => frisket.isJudged(row) && (row.flagged || row.state !== "good"));
    const looked = flagged.filter((row) => row.state !== "review").length;
    get("bar").max = Math.max(flagged.length, 1);
    get("bar").value = flagged.length ? looked : 1;
    get("looked").textContent = flagged.length
      ? `${looked} of ${flagged.length} looked at` : "Nothing asks for an eye";
    const going = [];
    if (counts.running) going.push(`${counts.running} being made now`);
    if (counts.waiting) going.push(`${counts.waiting} to be made`);
    get("going").textContent = going.join(", ");
    const number = shown.length === rows.size ? `${rows.size}` : `${shown.length} of ${rows.size}`;
    get("shown").textContent = `${number} ${rows.size === 1 ? "file" : "files"}`;
  }

  function showStates() {
    const found = {};
    for (const row of rows.values()) found[row.state] = (found[row.state] || 0) + 1;
    const wanted = Object.keys(STATES).filter((state) => found[state] || filter.states.has(state));
    const box = get("states");
    if (box.dataset.shown !== wanted.join()) {
      box.dataset.shown = wanted.join();
      for (const old of box.querySelectorAll("button")) old.remove();
      for (const state of wanted) {
        const button = make("button", `chip ${state}`);
        button.type = "button";
        button.dataset.state = state;
        button.addEventListener("click", () => {
          if (!filter.states.delete(state)) filter.states.add(state);
          refresh();
        });
        box.append(button);
      }
    }
    for (const button of box.querySelectorAll("button")) {
      const state = button.dataset.state;
      button.textContent = `${STATES[state]} ${found[state] || 0}`;
      button.setAttribute("aria-pressed", String(filter.states.has(state)));
    }
  }

  function showFolders() {
    const folders = [...new Set([...rows.values()].map((row) => row.folder))].sort(byName);
    const select = get("folder");
    shared = commonLength(folders);
    if (select.dataset.shown === folders.join("\n")) return;
    select.dataset.shown = folders.join("\n");
    select.replaceChildren();
    for (const [value, text] of [["", "All folders"],
      ...folders.map((one) => [one, frisket.shorten(one)])]) {
      const option = make("option", "", text);
      option.value = value;
      select.append(option);
    }
    select.value = folders.includes(filter.folder) ? filter.folder : "";
    filter.folder = select.value;
  }

  // How many letters of whole folders are the same in all.
  function commonLength(folders) {
    const first = folders[0] || "";
    let same = 0;
    for (let at = 0; at < first.length && folders.every((one) => one[at] === first[at]); at++) {
      if (first[at] === "/" || first[at] === "\\") same = at + 1;
    }
    return same;
  }

  frisket.shorten = (folder) => folder.slice(shared) || folder;

  // The chosen file.

  function showChosen() {
    const row = rows.get(chosen);
    get("detail").hidden = !row;
    get("none").hidden = Boolean(row);
    if (!row) {
      get("none-text").textContent = rows.size ? "No file passes the filter." : "No files yet.";
      document.body.classList.remove("opened");
      return;
    }
    get("name").textContent = row.name;
    get("where").textContent = `${frisket.shorten(row.folder)} → ${row.output}`;
    get("where").title = row.folder;
    get("state").textContent = STATES[row.state];
    get("state").className = `chip ${row.state}`;
    const judged = frisket.isJudged(row);
    for (const [id, state] of [["approve", "approved"], ["reject", "rejected"]]) {
      get(id).disabled = !judged;
      get(id).setAttribute("aria-pressed", String(row.state === state));
    }
    get("redo").disabled = !(judged || ["failed", "empty"].includes(row.state) || isAsked(row));
    stage.show(row);
    fillList(get("reasons"), row.said ? [...row.reasons, row.said] : row.reasons);
    showNumbers(row);
    showNotices(row);
  }

  const isAsked = (row) => row.state === "waiting" && Object.keys(row.redo).length > 0;

  function fillList(box, texts) {
    box.replaceChildren(...texts.map((text) => make("li", "", text)));
    box.hidden = !texts.length;
  }

  function showNumbers(row) {
    const facts = [];
    if (frisket.isJudged(row)) facts.push(["Score", `${frisket.percent(row)} of 100`]);
    if (row.kind) facts.push(["Kind", row.kind]);
    if (row.model) facts.push(["Model", row.model]);
    if (row.megapixels) facts.push(["Size", `${row.megapixels.toFixed(1)} MP`]);
    if (row.seconds) facts.push(["Time", `${row.seconds.toFixed(1)} s`]);
    const redo = Object.entries(row.redo).map(([name, value]) => `${name} ${value}`).join(", ");
    if (redo) facts.push([row.state === "waiting" ? "To be made with" : "Made with", redo]);
    get("numbers").replaceChildren(...facts.map(([name, value]) =>
      group(make("dt", "", name), make("dd", "", value))));
  }

  function group(...elements) {
    const box = make("div");
    box.append(...elements);
    return box;
  }

  let noticed = "";
  async function showNotices(row) {
    const key = `${row.id} ${row.changed}`;
    if (key === noticed) return;
    noticed = key;
    fillList(get("notices"), []);
    try {
      const told = await source.details(row);
      if (noticed === key) fillList(get("notices"), told.notices);
    } catch (failure) {
      if (failure.status) fillList(get("notices"), [failure.message]);
    }
  }

  // Decisions.

  const DONE = { approve: "approved", reject: "rejected", clear: "undecided again",
    redo: "is made again by the next run" };

  async function decide(action, options) {
    const row = rows.get(chosen);
    if (!row || source.readonly) return;
    const at = indexOfChosen();
    try {
      accept(await source.decide(row, action, options));
    } catch (failure) {
      if (!failure.told || !failure.told.row) throw failure;
      take(failure.told.row);
      refresh();
      throw failure;
    }
    refresh();
    say(`${row.name}: ${DONE[action]}. U takes it back.`);
    if (action !== "clear" && chosen === row.id && at < shown.length - 1) choose(at + 1, false);
  }

  function accept(told) {
    take(told.row);
    counts = told.counts;
  }

  // One after the other: a second key must not decide what its person has not seen.
  let busy = false;
  async function tryTo(action) {
    if (busy) return;
    busy = true;
    try {
      await action();
    } catch (failure) {
      if (failure.status === 0) warn(failure.message);
      else say(failure.message);
    } finally {
      busy = false;
    }
  }

  // Pressing again what is pressed takes it back.
  function judge(action, state) {
    const row = rows.get(chosen);
    if (row && frisket.isJudged(row)) tryTo(() => decide(row.state === state ? "clear" : action));
  }

  async function undo() {
    const told = await source.undo();
    accept(told);
    chosen = told.row.id;
    refresh();
    list.select(indexOfChosen());
    say(`${told.row.name}: taken back.`);
  }

  function askRedo() {
    const row = rows.get(chosen);
    if (row && !get("redo").disabled && dialog) dialog.open(row, (options) => decide("redo", options));
  }

  function say(text) { get("said").textContent = text; }

  function warn(text) {
    get("banner").textContent = text;
    get("banner").hidden = !text;
  }

  // Keys and buttons.

  const ACTS = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    PageDown: () => step(list.perPage), PageUp: () => step(-list.perPage),
    Home: () => step(-Infinity), End: () => step(Infinity), n: stepToReview,
    a: () => judge("approve", "approved"), r: () => judge("reject", "rejected"), d: askRedo,
    u: () => source.readonly || tryTo(undo), l: () => stage.toggleLoupe(),
    "[": () => stage.moveSplit(-10), "]": () => stage.moveSplit(10),
    "/": () => get("text").focus(), "?": () => get("help").showModal(),
    Enter: () => choose(indexOfChosen()), Escape: goBack,
  };

  function goBack() {
    if (stage.isLoupe) stage.toggleLoupe();
    else document.body.classList.remove("opened");
    get("list").focus({ preventScroll: true });
  }

  function listen() {
    frisket.listenToKeys(ACTS, stage, goBack);
    const clicks = { undo: () => tryTo(undo), approve: ACTS.a, reject: ACTS.r, redo: askRedo,
      next: ACTS.j, previous: ACTS.k, back: goBack,
      "help-open": ACTS["?"], "help-close": () => get("help").close() };
    for (const [id, act] of Object.entries(clicks)) get(id).addEventListener("click", act);
    get("filters").addEventListener("submit", (event) => event.preventDefault());
    get("text").addEventListener("input", () => {
      filter.text = get("text").value.trim().toLowerCase();
      refresh();
    });
    get("folder").addEventListener("change", () => {
      filter.folder = get("folder").value;
      refresh();
    });
    get("order").addEventListener("change", () => {
      filter.order = get("order").value;
      refresh();
    });
    get("score").addEventListener("input", () => {
      filter.score = Number(get("score").value);
      get("score-shown").textContent = get("score").value;
      refresh();
    });
    document.addEventListener("visibilitychange", poll);
  }

  async function start() {
    listen();
    document.body.classList.toggle("readonly", source.readonly);
    try {
      const run = await source.run();
      counts = run.counts;
      document.title = `Review of ${run.name} - frisket`;
      get("title").textContent = run.name;
      get("title").title = run.folder;
      if (run.options.length && !source.readonly) dialog = new frisket.RedoDialog(run.options);
      await load(0, 0);
      refresh();
      get("list").focus({ preventScroll: true });
      if (!source.readonly) setInterval(poll, POLL_MS);
    } catch (failure) {
      warn(failure.message);
    }
    document.body.dataset.ready = "true";
  }

  start();
})();
