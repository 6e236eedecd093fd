// Where the page has its rows and pictures from: the server, or the exported file itself.
"use strict";

const frisket = {};

(() => {
  class Failure extends Error {
    constructor(sentence, status, told) {
      super(sentence);
      this.status = status;
      this.told = told;
    }
  }

  class Served {
    readonly = false;

    run() { return this.#ask("/api/run"); }

    rows(after, id) { return this.#ask(`/api/rows?after=${after}&id=${id}`); }

    details(row) { return this.#ask(`/api/rows/${row.id}`); }

    decide(row, action, options = {}) {
      return this.#ask(`/api/rows/${row.id}`, { changed: row.changed, action, options });
    }

    undo() { return this.#ask("/api/undo", {}); }

    picture(row, pixels, name) { return `/pictures/${row.id}/${pixels}/${name}?v=${row.made}`; }

    measure(row, layer) { return this.#ask(`/files/${row.id}?layer=${layer}`); }

    // The whole of a real file reduced, or a part of one of its layers at 100 %.
    file(row, side, rect, layer = 0) {
      const part = rect ? `&layer=${layer}&x=${rect.x}&y=${rect.y}&w=${rect.w}&h=${rect.h}` : "";
      return `/files/${row.id}/${side}?v=${row.made}${part}`;
    }

    async #ask(path, body) {
      const sent = { method: "POST", body: JSON.stringify(body),
        headers: { "Content-Type": "application/json" } };
      let answer, told;
      try {
        answer = await fetch(path, body === undefined ? {} : sent);
        told = await answer.json();
      } catch {
        throw new Failure("The page's program has ended. Start it again: frisket review.", 0, {});
      }
      if (!answer.ok) throw new Failure(told.error || "That was refused.", answer.status, told);
      return told;
    }
  }

  class Exported {
    readonly = true;
    #told;

    constructor(element) { this.#told = JSON.parse(element.textContent); }

    run() { return this.#told.run; }

    rows() { return { rows: this.#told.rows, at_once: Infinity, counts: this.#told.run.counts }; }

    details(row) { return { row, notices: [] }; }

    picture(row, pixels, name) {
      const element = document.getElementById(`p${row.id}-${pixels}-${name}`);
      return element ? `data:image/jpeg;base64,${element.textContent}` : "";
    }
  }

  const data = document.getElementById("frisket-data");
  frisket.Failure = Failure;
  frisket.source = data ? new Exported(data) : new Served();
  frisket.get = (id) => document.getElementById(id);
  frisket.make = (tag, className = "", text = "") => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text) element.textContent = text;
    return element;
  };
  frisket.url = (address) => (address ? `url("${address}")` : "none");
  frisket.STATES = {
    review: "To look at",
    good: "Good",
    approved: "Approved",
    rejected: "Rejected",
    failed: "Failed",
    empty: "No subject",
    waiting: "To be made",
    running: "Being made",
  };
})();
