// The list of files: as many elements as fit on the screen and some more, whatever the number of rows.
"use strict";

(() => {
  const { get, make, url, source, STATES } = frisket;
  const ROW_PX = 84;
  const MORE = 6; // rows above and below that are ready

  class FileList {
    #box = get("list");
    #space = get("rows");
    #pool = [];
    #rows = [];
    #chosen = -1;
    #planned = false;

    // `choose` is called with the index of a row that a person chose.
    constructor(choose) {
      this.#box.addEventListener("scroll", () => this.#plan(), { passive: true });
      this.#box.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) choose(Number(option.dataset.index));
      });
      new ResizeObserver(() => this.#fit()).observe(this.#box);
    }

    show(rows, chosen) {
      this.#rows = rows;
      this.#chosen = chosen;
      this.#space.style.height = `${rows.length * ROW_PX}px`;
      for (const element of this.#pool) element.dataset.index = "";
      this.#fit();
    }

    select(index) {
      this.#chosen = index;
      this.reveal(index);
      this.#draw();
    }

    reveal(index) {
      if (index < 0) return;
      const top = index * ROW_PX, box = this.#box;
      if (top < box.scrollTop) box.scrollTop = top;
      const below = top + ROW_PX - box.clientHeight;
      if (below > box.scrollTop) box.scrollTop = below;
    }

    get perPage() { return Math.max(1, Math.floor(this.#box.clientHeight / ROW_PX) - 1); }

    #fit() {
      const wanted = Math.min(Math.ceil(this.#box.clientHeight / ROW_PX) + 2 * MORE, 120);
      while (this.#pool.length < wanted) {
        const element = build();
        element.id = `option-${this.#pool.length}`;
        this.#pool.push(element);
        this.#space.append(element);
      }
      // Which element shows which row depends on how many there are.
      while (this.#pool.length > wanted) this.#pool.pop().remove();
      this.#draw();
    }

    #plan() {
      if (this.#planned) return;
      this.#planned = true;
      requestAnimationFrame(() => {
        this.#planned = false;
        this.#draw();
      });
    }

    #draw() {
      const first = Math.max(0, Math.floor(this.#box.scrollTop / ROW_PX) - MORE);
      let active = "";
      for (let at = 0; at < this.#pool.length; at++) {
        const index = first + at;
        const element = this.#pool[index % this.#pool.length];
        const row = this.#rows[index];
        element.hidden = !row;
        if (!row) {
          element.dataset.index = "";
          continue;
        }
        if (element.dataset.index !== String(index)) this.#fill(element, row, index);
        const chosen = index === this.#chosen;
        if (chosen) active = element.id;
        element.setAttribute("aria-selected", String(chosen));
      }
      if (active) this.#box.setAttribute("aria-activedescendant", active);
      else this.#box.removeAttribute("aria-activedescendant");
    }

    #fill(element, row, index) {
      element.dataset.index = String(index);
      element.style.transform = `translateY(${index * ROW_PX}px)`;
      element.setAttribute("aria-posinset", String(index + 1));
      element.setAttribute("aria-setsize", String(this.#rows.length));
      element.setAttribute("aria-label", frisket.tell(row));
      const parts = element.parts;
      parts.name.textContent = row.name;
      parts.chip.textContent = STATES[row.state];
      parts.chip.className = `chip ${row.state}`;
      parts.score.textContent = frisket.isJudged(row) ? String(frisket.percent(row)) : "";
      parts.note.textContent = row.reasons[0] || row.said || frisket.shorten(row.folder);
      const shown = row.pixels > 0;
      parts.cut.style.backgroundImage = shown ? url(source.picture(row, 256, "original")) : "none";
      parts.cut.style.maskImage = shown ? url(source.picture(row, 256, "matte")) : "none";
    }
  }

  function build() {
    const element = make("div", "row");
    element.setAttribute("role", "option");
    const thumb = make("span", "thumb"), text = make("span", "row-text");
    const parts = {
      cut: make("span", "cut"), name: make("span", "row-name"), chip: make("span", "chip"),
      score: make("span", "row-score dim"), note: make("span", "row-note dim"),
    };
    const line = make("span", "row-line");
    thumb.append(parts.cut);
    line.append(parts.chip, parts.score);
    text.append(parts.name, line, parts.note);
    element.append(thumb, text);
    element.parts = parts;
    return element;
  }

  frisket.isJudged = (row) => ["review", "good", "approved", "rejected"].includes(row.state);
  frisket.percent = (row) => Math.round(row.score * 100);
  frisket.tell = (row) => {
    const score = frisket.isJudged(row) ? `, score ${frisket.percent(row)} of 100` : "";
    const why = row.reasons.length ? `. ${row.reasons.join(" ")}` : row.said ? `. ${row.said}` : "";
    return `${row.name}, ${STATES[row.state]}${score}${why}`;
  };
  frisket.FileList = FileList;
})();
