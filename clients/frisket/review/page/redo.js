// The dialog that asks with which options a file is made again.
"use strict";

(() => {
  const { get, make } = frisket;

  class RedoDialog {
    #dialog = get("redo-dialog");
    #options = [];
    #send = null;

    constructor(options) {
      this.#options = options;
      get("redo-add").addEventListener("click", () => this.#add().focus());
      get("redo-cancel").addEventListener("click", () => this.#dialog.close());
      get("redo-form").addEventListener("submit", (event) => {
        event.preventDefault();
        this.#submit();
      });
    }

    // `send` takes options by name; the dialog stays open while it fails.
    open(row, send) {
      this.#send = send;
      get("redo-title").textContent = `Redo ${row.name} with …`;
      get("redo-rows").replaceChildren();
      this.#complain("");
      const known = Object.entries(row.redo).filter(([name]) => this.#find(name));
      for (const [name, value] of known) this.#add(name, value);
      if (!known.length) this.#add();
      this.#dialog.showModal();
      this.#dialog.querySelector("#redo-rows select, #redo-add").focus();
    }

    #find(name) { return this.#options.find((one) => one.name === name); }

    #add(name = this.#options[0].name, value = "") {
      const line = make("div", "redo-row");
      const choice = make("select");
      choice.setAttribute("aria-label", "Option");
      for (const one of this.#options) {
        const option = make("option", "", one.name);
        option.value = one.name;
        choice.append(option);
      }
      choice.value = name;
      const remove = make("button", "", "Remove");
      remove.type = "button";
      remove.addEventListener("click", () => {
        line.remove();
        get("redo-add").focus();
      });
      line.append(choice, make("span"), remove, make("p", "dim help"));
      choice.addEventListener("change", () => this.#ask(line, ""));
      get("redo-rows").append(line);
      this.#ask(line, value);
      return choice;
    }

    // Put in the field that suits the option of a line.
    #ask(line, value) {
      const option = this.#find(line.firstChild.value);
      const choices = option.is_switch ? ["true", "false"] : option.choices;
      const field = make(choices.length ? "select" : "input");
      for (const text of choices) {
        const words = option.is_switch ? { true: "yes", false: "no" }[text] : text;
        const one = make("option", "", words);
        one.value = text;
        field.append(one);
      }
      if (!choices.length) {
        field.placeholder = option.example ? `for example ${option.example}` : "";
        field.autocomplete = "off";
        field.maxLength = 1000;
      }
      if (value || !choices.length) field.value = value;
      field.setAttribute("aria-label", `Value of ${option.name}`);
      line.children[1].replaceWith(field);
      line.querySelector(".help").textContent = option.help;
    }

    async #submit() {
      const options = {};
      for (const line of get("redo-rows").children) {
        const [name, value] = [line.children[0].value, line.children[1].value.trim()];
        if (!value) return this.#complain(`Give a value for ${name}, or remove it.`);
        if (name in options) return this.#complain(`${name} is there twice: remove one.`);
        options[name] = value;
      }
      try {
        await this.#send(options);
        this.#dialog.close();
      } catch (failure) {
        this.#complain(failure.message);
      }
      return undefined;
    }

    #complain(text) {
      get("redo-error").textContent = text;
      get("redo-error").hidden = !text;
    }
  }

  frisket.RedoDialog = RedoDialog;
})();
