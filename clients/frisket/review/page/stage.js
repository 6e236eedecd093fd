// The picture of the chosen file: composed of original and matte by the browser, or of real pixels.
"use strict";

(() => {
  const { get, make, url, source } = frisket;
  const VIEWS = [
    ["checker", "Checkerboard"], ["black", "Black"], ["white", "White"],
    ["red", "Red overlay"], ["original", "Original"], ["matte", "Matte"],
  ];
  const CROP_PX = 1024;
  const PAUSE_MS = 300; // who steps on quickly wants no large pictures
  const START = { checker: "on a checkerboard", black: "on black", white: "on white",
    red: "what is cut away in red", original: "the original", matte: "the matte" };

  class Stage {
    #row = null;
    #view = "checker";
    #turn = 0; // of what is shown; what loads for an older one is dropped
    #natural = [3, 2];
    #loupe = null; // {x, y, width, height}: the middle of what is seen, and the layer's size
    #layer = 0; // of the result's layers, the one that the loupe shows
    #timer = 0;
    #stage = get("stage");
    #plane = get("plane");

    constructor() {
      VIEWS.forEach(([name, text], at) => {
        const button = make("button", "", `${text} `);
        button.type = "button";
        button.dataset.view = name;
        const key = make("kbd", "", String(at + 1));
        key.setAttribute("aria-hidden", "true");
        button.append(key);
        button.addEventListener("click", () => this.choose(name));
        get("views").append(button);
      });
      get("split").addEventListener("input", () => this.#split());
      get("loupe").addEventListener("click", () => this.toggleLoupe());
      get("layer").addEventListener("change", () => this.#chooseLayer());
      new ResizeObserver(() => this.#resize()).observe(this.#stage);
      this.#followPointer();
      this.choose("checker");
    }

    get views() { return VIEWS.map(([name]) => name); }

    get isLoupe() { return this.#loupe !== null; }

    choose(view) {
      this.#view = view;
      this.#stage.dataset.view = view;
      for (const button of get("views").children) {
        button.setAttribute("aria-pressed", String(button.dataset.view === view));
      }
      this.#name();
    }

    moveSplit(step) {
      const slider = get("split");
      slider.value = Number(slider.value) + step;
      this.#split();
    }

    show(row) {
      const same = this.#row && this.#row.id === row.id && this.#row.made === row.made;
      this.#row = row;
      this.#name();
      if (same) return;
      this.#endLoupe();
      this.#load();
    }

    async #load() {
      const row = this.#row, turn = ++this.#turn;
      clearTimeout(this.#timer);
      const done = frisket.isJudged(row);
      const pixels = row.pixels;
      this.#say(pixels || (done && !source.readonly) ? "" : "There is no picture of this file.");
      this.#plane.hidden = !pixels;
      if (pixels) {
        const original = source.picture(row, pixels, "original");
        const matte = source.picture(row, pixels, "matte");
        if (!await ready(original, matte) || turn !== this.#turn) return;
        this.#put(original, original, matte);
      }
      if (pixels < CROP_PX && done && !source.readonly) {
        this.#timer = setTimeout(() => this.#enlarge(row, turn), pixels ? PAUSE_MS : 0);
      }
    }

    // Small pictures give way to the real files, reduced.
    async #enlarge(row, turn) {
      const original = source.file(row, "original"), result = source.file(row, "result");
      const good = await ready(original, result);
      if (turn !== this.#turn || this.#loupe) return;
      if (good) this.#put(original, result, "");
      else if (!row.pixels) this.#say("There is no picture of this file.");
    }

    #put(base, cut, mask) {
      const image = get("base");
      image.src = base;
      image.decode().then(() => {
        if (!image.naturalWidth) return;
        this.#natural = [image.naturalWidth, image.naturalHeight];
        this.#resize();
      }).catch(() => {});
      get("cut").style.backgroundImage = url(cut);
      get("cut").style.maskImage = url(mask);
      this.#stage.dataset.masked = String(Boolean(mask));
      this.#plane.hidden = false;
      this.#say("");
    }

    #resize() {
      const box = this.#stage, [width, height] = this.#natural;
      const scale = this.#loupe ? 1 / devicePixelRatio
        : Math.min(box.clientWidth / width, box.clientHeight / height);
      this.#plane.style.width = `${width * scale}px`;
      this.#plane.style.height = `${height * scale}px`;
    }

    #split() {
      const value = Number(get("split").value);
      get("view").style.clipPath = `inset(0 0 0 ${value}%)`;
      get("edge").hidden = value === 0 || value === 100;
      get("edge").style.left = `${value}%`;
    }

    #say(text) {
      get("empty").textContent = text;
      get("empty").hidden = !text;
    }

    #name() {
      if (!this.#row) return;
      const whole = this.#loupe ? "A part at 100 %" : "Whole";
      this.#plane.setAttribute("aria-label", `${this.#row.name}: ${whole}, ${START[this.#view]}`);
    }

    // The loupe: real pixels at 100 %.

    async toggleLoupe(place = [0.5, 0.5]) {
      if (this.#loupe) {
        this.#endLoupe();
        this.#load();
        return;
      }
      if (!this.#row || source.readonly) return;
      this.#layer = 0;
      await this.#openLoupe(place);
    }

    #chooseLayer() {
      this.#layer = get("layer").selectedIndex;
      this.#openLoupe([0.5, 0.5]);
    }

    async #openLoupe(place) {
      const turn = ++this.#turn;
      clearTimeout(this.#timer);
      this.#caption("Opening the files …");
      try {
        const { width, height, layers } = await source.measure(this.#row, this.#layer);
        if (turn !== this.#turn) return;
        this.#loupe = { x: width * place[0], y: height * place[1], width, height };
        get("loupe").setAttribute("aria-pressed", "true");
        this.#listLayers(layers);
        await this.#look();
      } catch (failure) {
        if (turn === this.#turn) this.#caption(failure.message);
      }
    }

    #listLayers(layers) {
      get("layer").replaceChildren(...layers.map((name) => make("option", "", name)));
      get("layer").selectedIndex = this.#layer;
      get("layer-choice").hidden = layers.length < 2;
    }

    // Move by shares of what is seen.
    pan(dx, dy) {
      if (!this.#loupe) return;
      const [w, h] = this.#windowSize();
      this.#loupe.x += dx * w;
      this.#loupe.y += dy * h;
      this.#look();
    }

    #windowSize() {
      const at = this.#loupe, box = this.#stage;
      const fit = (css, most) => Math.max(1, Math.min(CROP_PX, Math.floor(css * devicePixelRatio), most));
      return [fit(box.clientWidth, at.width), fit(box.clientHeight, at.height)];
    }

    async #look() {
      const at = this.#loupe, turn = ++this.#turn, [w, h] = this.#windowSize();
      at.x = Math.min(Math.max(at.x, w / 2), at.width - w / 2);
      at.y = Math.min(Math.max(at.y, h / 2), at.height - h / 2);
      const rect = { x: Math.round(at.x - w / 2), y: Math.round(at.y - h / 2), w, h };
      const original = source.file(this.#row, "original", rect, this.#layer);
      const result = source.file(this.#row, "result", rect, this.#layer);
      const good = await ready(original, result);
      if (turn !== this.#turn) return;
      this.#plane.style.transform = "";
      if (!good) {
        this.#caption("This part cannot be read from the files.");
        return;
      }
      this.#put(original, result, "");
      this.#caption(`100 %: ${rect.x}, ${rect.y} of ${at.width} × ${at.height} px`);
      this.#name();
    }

    #endLoupe() {
      this.#loupe = null;
      this.#plane.style.transform = "";
      get("loupe").setAttribute("aria-pressed", "false");
      get("layer-choice").hidden = true;
      this.#caption("");
    }

    #caption(text) {
      get("caption").textContent = text;
      get("caption").hidden = !text;
    }

    // A click opens the loupe where it was; in the loupe, dragging moves what is seen.
    #followPointer() {
      const stage = this.#stage;
      let start = null;
      stage.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        start = [event.clientX, event.clientY];
        if (this.#loupe) stage.setPointerCapture(event.pointerId);
      });
      stage.addEventListener("pointermove", (event) => {
        if (!start || !this.#loupe) return;
        const [dx, dy] = [event.clientX - start[0], event.clientY - start[1]];
        this.#plane.style.transform = `translate(${dx}px, ${dy}px)`;
      });
      stage.addEventListener("pointerup", (event) => {
        if (!start) return;
        const [dx, dy] = [event.clientX - start[0], event.clientY - start[1]];
        start = null;
        if (this.#loupe) {
          this.#loupe.x -= dx * devicePixelRatio;
          this.#loupe.y -= dy * devicePixelRatio;
          if (dx || dy) this.#look();
        } else if (Math.hypot(dx, dy) < 4 && !this.#plane.hidden) {
          const box = this.#plane.getBoundingClientRect();
          const share = (value, from, size) => Math.min(Math.max((value - from) / size, 0), 1);
          this.toggleLoupe([share(event.clientX, box.left, box.width),
            share(event.clientY, box.top, box.height)]);
        }
      });
      stage.addEventListener("pointercancel", () => { start = null; });
    }
  }

  // Whether pictures could be loaded; they are decoded away from the page's own thread.
  async function ready(...addresses) {
    try {
      await Promise.all(addresses.map((address) => {
        const image = new Image();
        image.src = address;
        return image.decode();
      }));
      return true;
    } catch {
      return false;
    }
  }

  frisket.Stage = Stage;
})();
