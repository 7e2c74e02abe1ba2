"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const columns = data.questions.flatMap((question) => question.columns);
  const optionsOf = new Map(data.questions.flatMap((question) => question.columns.map((name) => [name, question.answers])));
  let place = 0;
  let answers = {};
  let unsaved = false;

  // what this browser keeps, by sheet and reader; a private window, or a strict setting, may keep nothing
  const name = () => at("reader").value.trim().replace(/[^A-Za-z0-9_-]+/g, "-");
  const key = () => `radray-review-${data.sheet_id}-${name()}`;
  const stored = (read) => { try { return read(); } catch { return null; } };
  const keep = () => {
    const kept = stored(() => {
      localStorage.setItem(key(), JSON.stringify(answers));
      localStorage.setItem(`radray-review-${data.sheet_id}`, name());
      return true;
    });
    tell(kept ? "" : "This browser keeps nothing: save often. ");
  };
  let reader = "";
  const recall = () => {
    const kept = stored(() => JSON.parse(localStorage.getItem(key())));
    // what was answered before there was a name is of the reader who gives it
    if (kept || reader) answers = kept ?? {};
    reader = name();
    if (Object.keys(answers).length) keep();
    show(Math.max(0, firstUnfinished(0)));
  };

  const of = (number) => (answers[data.items[number].item] ??= {});
  const given = (number) => columns.filter((column) => of(number)[column]).length;
  const finished = (number) => given(number) === columns.length;
  const firstUnfinished = (from) => {
    for (let step = 0; step < data.items.length; step += 1) {
      const number = (from + step) % data.items.length;
      if (!finished(number)) return number;
    }
    return -1;
  };
  const tell = (before = "") => {
    const done = data.items.filter((_, number) => finished(number)).length;
    at("state").textContent = `${before}${done} of ${data.items.length} reports finished${unsaved ? ", not saved yet" : ""}`;
    at("place").textContent = `Report ${place + 1} of ${data.items.length}: ${given(place)} of ${columns.length} answers`;
  };

  const build = () => {
    for (const question of data.questions) {
      const field = document.createElement("fieldset");
      const legend = document.createElement("legend");
      legend.textContent = question.asks;
      const pair = document.createElement("div");
      pair.className = question.columns.length > 1 ? "pair" : "";
      for (const column of question.columns) {
        const group = document.createElement("div");
        group.className = "group";
        group.dataset.column = column;
        group.setAttribute("role", "radiogroup");
        const side = question.columns.length > 1 ? column[0].toUpperCase() : "";
        group.setAttribute("aria-label", `${question.asks}${side ? ` Impression ${side}` : ""}`);
        if (side) group.append(piece("span", "side", side));
        question.answers.forEach((answer, index) => {
          const label = document.createElement("label");
          const input = document.createElement("input");
          input.type = "radio";
          input.name = column;
          input.value = answer;
          label.append(input, question.labels[index]);
          if (question.labels[index] !== String(index + 1)) label.append(piece("span", "key", String(index + 1)));
          group.append(label);
        });
        pair.append(group);
      }
      field.append(legend, pair);
      at("questions").append(field);
    }
  };
  const piece = (tag, kind, text) => {
    const element = document.createElement(tag);
    element.className = kind;
    element.textContent = text;
    return element;
  };
  const groups = () => [...document.querySelectorAll(".group")];
  const focusOn = (group) => (group.querySelector("input:checked") ?? group.querySelector("input")).focus();

  const show = (number) => {
    place = number;
    const item = data.items[place];
    for (const part of ["background", "findings", "impression_a", "impression_b"]) at(part).textContent = item[part];
    for (const input of document.querySelectorAll(".group input")) input.checked = of(place)[input.name] === input.value;
    at("comment").value = of(place).comment ?? "";
    at("previous").disabled = place === 0;
    at("next").disabled = place === data.items.length - 1;
    tell();
  };
  const go = (number) => {
    if (number < 0 || number >= data.items.length) return;
    show(number);
    scrollTo(0, at("item").offsetTop);
    focusOn(groups().find((group) => !of(place)[group.dataset.column]) ?? groups()[0]);
  };
  const answer = (column, value) => {
    if (value) of(place)[column] = value; else delete of(place)[column];
    unsaved = true;
    keep();
  };

  const cell = (value) => {
    const safe = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/.test(value) || /^[\t\r\n]/.test(value) ? `'${value}` : value;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  const save = () => {
    if (!at("reader").reportValidity() || !name()) return;
    const head = ["sheet_id", "item", ...columns, "comment"];
    const rows = data.items.map((item, number) =>
      [data.sheet_id, String(item.item), ...head.slice(2).map((column) => of(number)[column] ?? "")]);
    const text = [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\uFEFF", text, "\r\n"], { type: "text/csv" }));
    link.download = `${name()}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
    unsaved = false;
    tell(`Saved as ${link.download}. `);
  };
  const parse = (text) => {
    const rows = [[]];
    for (const [, quoted, plain, end] of text.replace(/^\uFEFF/, "").matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
      rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
      if (end === "") break;
      if (end !== ",") rows.push([]);
    }
    return rows.filter((row) => row.length > 1);
  };
  const load = async (file) => {
    const [head, ...rows] = parse(await file.text());
    const known = new Set(data.items.map((item) => String(item.item)));
    const read = {};
    let wrong = head?.[0] !== "sheet_id" || head[1] !== "item" || !rows.length;
    for (const row of wrong ? [] : rows) {
      wrong ||= row[0] !== data.sheet_id || !known.has(row[1]);
      const its = (read[row[1]] = {});
      head.forEach((column, index) => {
        if (optionsOf.get(column)?.includes(row[index]) || (column === "comment" && row[index])) its[column] = row[index];
      });
    }
    if (wrong) { tell("That file is not of this sheet: nothing was read. "); return; }
    answers = read;
    at("reader").value = file.name.replace(/(?: ?\(\d+\))?\.csv$/i, "");
    reader = name();
    unsaved = false;
    keep();
    go(Math.max(0, firstUnfinished(0)));
  };

  build();
  at("reader").value = stored(() => localStorage.getItem(`radray-review-${data.sheet_id}`)) ?? "";
  recall();
  at("reader").addEventListener("change", () => name() && recall());
  at("who").addEventListener("submit", (event) => { event.preventDefault(); go(place); });
  at("questions").addEventListener("submit", (event) => event.preventDefault());
  at("questions").addEventListener("change", (event) => answer(event.target.name, event.target.value));
  at("comment").addEventListener("input", () => answer("comment", at("comment").value));
  at("save").addEventListener("click", save);
  at("load").addEventListener("change", () => at("load").files[0] && load(at("load").files[0]));
  at("previous").addEventListener("click", () => go(place - 1));
  at("next").addEventListener("click", () => go(place + 1));
  addEventListener("beforeunload", (event) => { if (unsaved && stored(() => localStorage) === null) event.preventDefault(); });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") { go(place); return; }
    if (event.target.matches("textarea, input:not([type=radio])")) return;
    const group = event.target.closest?.(".group");
    if (group && /^[0-9]$/.test(event.key)) {
      const input = group.querySelectorAll("input")[Number(event.key) - 1];
      if (event.key !== "0" && !input) return;
      for (const each of group.querySelectorAll("input")) each.checked = each === input;
      answer(group.dataset.column, input?.value);
      if (!input) return;
      const all = groups();
      const following = all[all.indexOf(group) + 1];
      if (following) focusOn(following); else at("next").focus();
      return;
    }
    const moves = {
      n: () => go(place + 1),
      p: () => go(place - 1),
      u: () => go(firstUnfinished(place + 1)),
      s: save,
      c: () => at("comment").focus(),
    };
    if (moves[event.key]) { event.preventDefault(); moves[event.key](); }
  });
})();
