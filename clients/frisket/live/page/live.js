// The live page: asks for one picture after another, and switches steps.
"use strict";

(() => {
  const STEPS = [
    ["mask", "Cut out", "c"],
    ["steady", "Steady edge", "s"],
    ["flow", "Follow motion between masks", "f"],
    ["hard", "Hard edge", "h"],
    ["mirror", "Mirror", "m"],
  ];
  const GROUNDS = { alpha: "The mask itself", transparent: "Transparent" };
  const label = (name) =>
    GROUNDS[name] || (name.startsWith("original:blur") ? "The camera, blurred" : name);
  const get = (id) => document.getElementById(id);
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const canvas = get("screen");
  const brush = canvas.getContext("2d");
  let told = null;
  let over = false;

  function end(sentence) {
    over = true;
    get("banner").textContent = sentence;
    get("banner").hidden = false;
    for (const button of document.querySelectorAll("button")) button.disabled = true;
  }

  async function ask(body) {
    const sent = { method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" } };
    try {
      const answer = await fetch("/api/live", body ? sent : {});
      const found = await answer.json();
      if (answer.ok) show(found);
      else get("said").textContent = found.error;
    } catch {
      end("The page's program has ended. Start it again: frisket live.");
    }
  }

  function addButton(group, text, key, press) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(text);
    if (key) {
      const hint = document.createElement("kbd");
      hint.textContent = key.toUpperCase();
      hint.ariaHidden = "true";
      button.append(hint);
      button.ariaKeyShortcuts = key;
    }
    button.addEventListener("click", press);
    get(group).append(button);
    return button;
  }

  const flip = (name) => ask({ [name]: !told.switches[name] });
  const choose = (place) => ask({ background: place });

  function build() {
    for (const [name, text, key] of STEPS) {
      if (name === "flow" && told.every === 1) continue;
      addButton("steps", text, key, () => flip(name)).id = `step-${name}`;
    }
    told.backgrounds.forEach((name, place) => {
      const key = place < 9 ? String(place + 1) : "";
      addButton("grounds", label(name), key, () => choose(place)).id = `ground-${place}`;
    });
  }

  function show(found) {
    const first = told === null;
    told = found;
    if (first) build();
    get("camera").textContent = `${told.camera}, ${told.size[0]} × ${told.size[1]}`;
    for (const [name] of STEPS) {
      const button = get(`step-${name}`);
      if (button) button.ariaPressed = String(told.switches[name]);
    }
    told.backgrounds.forEach((_, place) => {
      get(`ground-${place}`).ariaPressed = String(told.background === place);
    });
    const meter = told.meter;
    get("fps").textContent = meter.fps.toFixed(0);
    get("range").textContent =
      `${meter.fps_mean.toFixed(1)} (${meter.fps_least.toFixed(0)}–${meter.fps_most.toFixed(0)})`;
    get("latency").textContent =
      `${meter.latency_ms.toFixed(0)} ms, at most ${meter.latency_most_ms.toFixed(0)}`;
    get("left-out").textContent = String(told.left_out);
    if (told.ended !== null) end(told.ended || "The picture has ended.");
  }

  async function play() {
    let number = 0;
    while (!over) {
      try {
        const answer = await fetch(`/frame?after=${number}`);
        if (answer.status !== 200) {
          await wait(200);
          continue;
        }
        number = Number(answer.headers.get("Frisket-Frame"));
        const picture = await createImageBitmap(await answer.blob());
        if (canvas.width !== picture.width || canvas.height !== picture.height) {
          canvas.width = picture.width;
          canvas.height = picture.height;
        }
        brush.drawImage(picture, 0, 0);
        picture.close();
        canvas.dataset.frame = String(number);
      } catch {
        await wait(500);
      }
    }
  }

  async function watch() {
    while (!over) {
      await ask();
      document.body.dataset.ready = "true";
      await wait(500);
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || told === null || over) return;
    const key = event.key.toLowerCase();
    const step = STEPS.find(([name, , one]) => one === key && get(`step-${name}`));
    if (step) flip(step[0]);
    else if (key === "b") choose((told.background + 1) % told.backgrounds.length);
    else if (/^[1-9]$/.test(key) && Number(key) <= told.backgrounds.length) choose(Number(key) - 1);
  });
  watch();
  play();
})();
