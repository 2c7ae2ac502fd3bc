"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { words: w, values, codes, columns } = data;
  const at = Object.fromEntries(data.fields.map((name, index) => [name, index]));
  const get = (row, name) => row[at[name]];
  const value = (row, name) => values[get(row, name)];
  const $ = (id) => document.getElementById(id);
  const CHUNK = 100, PRINTED = 2000;
  const FILTERS = [...columns.filter((column) => column.kind === "value").map((column) => column.key), "finding"];
  const NUMBERS = new Set(["count", "signed", "share", "looks"]);
  const NUMERIC = new Set(columns.filter((column) => NUMBERS.has(column.kind)).map((column) => column.key));
  const TONE = { verified: "good", draft: "good", planned: "calm", drifted: "wait", waiting: "wait", "not verified": "wait",
    different: "badly", failed: "badly", "not possible": "badly" };

  const number = (n) => n === null ? "–" : String(Math.abs(n)).replace(/\B(?=(\d{3})+$)/g, data.thousands);
  const named = (family, content) => data.families[family]?.[content] ?? content;
  const signed = (n) => n === null ? "–" : (n > 0 ? "+" : n < 0 ? "−" : "") + number(n);
  const percent = (x) => {
    if (x === null) return "–";
    const sign = x > 0 && x < 0.0005 ? "< " : x >= 0.9995 && x < 1 ? "> " : "";
    return sign + String({ "< ": 0.1, "> ": 99.9 }[sign] ?? Math.round(1000 * x) / 10).replace(".", data.decimal) + data.percent;
  };
  const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, name) => facts[name]);

  // Everything that people wrote goes into the page as text, never as markup.
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, content] of Object.entries(attributes)) if (content !== null) element.setAttribute(key, content);
    element.append(...children);
    return element;
  };

  const haystacks = data.rows.map((row) => [get(row, "name"), get(row, "legacy_id"), get(row, "segment_id"),
    ...get(row, "findings").map(([code, message]) => codes[code].code + " " + message)].join("\n").toLowerCase());

  const state = { q: "", ...Object.fromEntries(FILTERS.map((name) => [name, ""])), sort: "", dir: "asc", open: "" };
  let matching = [], shown = CHUNK;

  const read = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const key of Object.keys(state)) state[key] = given.get(key) ?? (key === "dir" ? "asc" : "");
  };
  const write = () => {
    const kept = new URLSearchParams();
    for (const [key, content] of Object.entries(state)) if (content && !(key === "dir" && (content === "asc" || !state.sort))) kept.set(key, content);
    const hash = "#" + kept.toString();
    if (hash !== location.hash && !(hash === "#" && !location.hash)) history.replaceState(null, "", hash);
  };

  const apply = () => {
    const needle = state.q.trim().toLowerCase();
    const wanted = FILTERS.filter((name) => name !== "finding" && state[name]).map((name) => [at[name], values.indexOf(state[name])]);
    const code = state.finding ? codes.findIndex((one) => one.code === state.finding) : -2;
    matching = [];
    data.rows.forEach((row, index) => {
      if (needle && !haystacks[index].includes(needle)) return;
      if (wanted.some(([place, content]) => row[place] !== content)) return;
      if (code !== -2 && !get(row, "findings").some(([found]) => found === code)) return;
      matching.push(row);
    });
    if (state.sort && state.sort in at) {
      const place = at[state.sort], turn = state.dir === "desc" ? -1 : 1;
      const shownAs = (row) => NUMERIC.has(state.sort) ? row[place] : state.sort === "name" ? row[place] : values[row[place]];
      matching.sort((one, other) => {
        const a = shownAs(one), b = shownAs(other);
        if (a === null || b === null) return (a === null) - (b === null);
        return turn * (NUMERIC.has(state.sort) ? a - b : a.localeCompare(b));
      });
    }
    const open = state.open ? matching.findIndex((row) => get(row, "legacy_id") === state.open) : -1;
    shown = Math.max(CHUNK, open + 1);
    draw();
  };

  const cell = (label, content, kind) => make("td", { "data-label": label, class: kind ?? null }, content);

  const STOPS = new Set(["decision", "stop"]);
  const reason = (row) => {
    if (get(row, "error") || get(row, "explanation")) return get(row, "error") || get(row, "explanation");
    if (value(row, "standing") !== "waiting" && value(row, "standing") !== "not possible") return "";
    return (get(row, "findings").find(([code]) => STOPS.has(codes[code].severity)) ?? [0, ""])[1];
  };

  const copying = (command) => {
    const button = make("button", { type: "button", class: "copy" }, w.copy);
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(command); // where the clipboard is closed to us, a key copies it
      try { await navigator.clipboard.writeText(command.textContent); button.textContent = w.copied; } catch { /* selected */ }
    });
    return button;
  };
  const withCopy = (command) => make("div", { class: "with-copy" }, command, copying(command));

  // Decisions stay in the page until they are downloaded or copied; `migrator approve --from` carries them out.
  const byId = new Map(data.rows.map((row) => [get(row, "legacy_id"), row]));
  const decided = new Map();
  let kept = true; // whether all decisions are in a file by now
  const asText = () => JSON.stringify({ format: 1, run: data.run, decisions: [...decided].map(([id, { decision, why }]) =>
    ({ id, name: get(byId.get(id), "name"), decision, who: $("decider").value.trim(), why, checksum: data.checksums[id] })) }, null, 1);
  const count = () => {
    $("decided-count").textContent = fill(w.decided_count, { n: number(decided.size), all: number(Object.keys(data.checksums).length) });
    $("decided-download").disabled = !decided.size;
    $("decided-text").textContent = asText();
  };
  const decider = (id) => {
    const none = make("option", { value: "" }, w.decide_none);
    const choices = [...get(byId.get(id), "choices"), "skip"];
    const select = make("select", {}, none, ...choices.map((one) => make("option", { value: one }, w["choice_" + one])));
    const why = make("input", { type: "text", maxlength: "500" });
    const box = make("div", { class: "decide", "data-of": id },
      make("label", {}, w.decide_here + " ", select), make("label", {}, w.why + " ", why));
    const show = () => { select.value = decided.get(id)?.decision ?? ""; why.value = decided.get(id)?.why ?? ""; };
    const keep = () => {
      if (select.value) decided.set(id, { decision: select.value, why: why.value.trim() });
      else decided.delete(id);
      kept = !decided.size;
      for (const other of document.querySelectorAll(`.decide[data-of="${CSS.escape(id)}"]`)) if (other !== box) other.show();
      count();
    };
    box.show = show;
    select.addEventListener("change", keep);
    why.addEventListener("input", keep);
    show();
    return box;
  };

  const line = (row) => {
    const id = get(row, "legacy_id"), standing = value(row, "standing"), open = state.open === id;
    const button = make("button", { type: "button", "aria-expanded": String(open), "aria-label": null },
      make("bdi", {}, get(row, "name") || w.no_name));
    button.addEventListener("click", () => {
      state.open = state.open === id ? "" : id;
      const before = $("rows").querySelector("tr.detail");
      if (before) {
        before.previousElementSibling.querySelector("button").setAttribute("aria-expanded", "false");
        before.remove();
      }
      if (state.open) {
        tr.after(detail(row));
        button.setAttribute("aria-expanded", "true");
      }
      write();
    });
    const tr = make("tr", { "data-id": id }, make("th", { scope: "row", "data-label": w.segment }, button));
    for (const { key, word, kind, family, look } of columns.slice(1)) {
      const content = get(row, key);
      if (key === "standing") tr.append(cell(word, make("span", { class: "standing " + (TONE[standing] ?? "dim") }, named("standing", standing))));
      else if (kind === "value") tr.append(cell(word, named(family, values[content])));
      else if (kind === "signed") tr.append(cell(word, signed(content), "n"));
      else if (kind === "share") tr.append(cell(word, percent(content), "n"));
      else if (kind === "looks") tr.append(cell(word, number(content[look]), "n"));
      else if (key === "planned" && content === null && standing === "planned") tr.append(cell(word, w.by_query, "n"));
      else if (kind === "count") tr.append(cell(word, number(content), "n"));
      else if (key === "reason") tr.append(cell(word, reason(row), "why"));
      else tr.append(cell(word, content));
    }
    return open ? [tr, detail(row)] : [tr];
  };

  const detail = (row) => {
    const id = get(row, "legacy_id");
    const list = make("dl");
    const add = (word, ...content) => list.append(make("dt", {}, word), make("dd", {}, ...content));
    if (get(row, "error")) add(w.error, get(row, "error"));
    if (get(row, "explanation")) add(w.explanation, get(row, "explanation"));
    if (get(row, "prediction")) add(w.prediction, get(row, "prediction"));
    if (get(row, "english")) add(fill(w.selects, { text: "" }).replace(/[\s:.]+$/, ""), make("span", { class: "words" }, get(row, "english")));
    if (get(row, "findings").length) {
      const items = get(row, "findings").map(([code, message]) => make("li", {},
        make("span", { class: "severity " + codes[code].severity }, named("severity", codes[code].severity)), " ",
        codes[code].meaning + (codes[code].meaning ? " " : ""), make("span", {}, message), " ", codes[code].advice, " ", make("a", { href: "#about-" + codes[code].code }, make("code", {}, codes[code].code))));
      add(w.findings, make("ul", {}, ...items));
    }
    if (get(row, "query")) add(w.legacy_query, make("pre", {}, get(row, "query")));
    if (get(row, "realtime_query")) add(value(row, "outcome") === "flagged" ? w.proposed_query : w.sent_query, make("pre", {}, get(row, "realtime_query")));
    for (const choice of get(row, "choices")) add(w.carries_out, withCopy(make("code", { class: "command" }, `migrator approve ${get(row, "legacy_id")} --as ${choice} --run ${data.run}`)));
    if (id in data.checksums) add(w.decision, decider(id));
    add(w.origin, named("source", value(row, "before_source")));
    if (get(row, "groups").length) add(w.groups, make("ul", {}, ...get(row, "groups").map(([name, count]) => make("li", {}, make("bdi", {}, name), " – ", number(count)))));
    if (get(row, "writes")) add(w.timing, fill(w.timing_text, { n: number(get(row, "writes")), s: String(get(row, "seconds")).replace(".", data.decimal) }));
    const links = make("ul");
    for (const [word, table, id, there] of [[w.legacy_id, "msdyncrm_segment", get(row, "legacy_id"), true], [w.realtime_id, "msdynmkt_segment", get(row, "segment_id"), get(row, "there")]]) {
      const item = make("li", {}, word + " ", make("code", {}, id));
      if (there && data.org) item.append(" ", make("a", { href: `${data.org}/main.aspx?etn=${table}&pagetype=entityrecord&id=${id}`, rel: "noreferrer noopener", target: "_blank" }, w.open_link));
      links.append(item);
    }
    add(w.ids, links);
    return make("tr", { class: "detail" }, make("td", { colspan: String(columns.length) }, list));
  };

  const draw = () => {
    const visible = matching.slice(0, shown);
    $("rows").replaceChildren(...visible.flatMap(line));
    if (!matching.length) $("rows").append(make("tr", {}, make("td", { colspan: String(columns.length) }, w.no_match)));
    $("showing").textContent = fill(w.showing, { n: number(matching.length), all: number(data.rows.length) });
    $("more").hidden = shown >= matching.length;
    $("q").value = state.q;
    for (const name of FILTERS) $(name).value = state[name];
    for (const head of document.querySelectorAll("#table thead th")) {
      if (head.dataset.key === state.sort) head.setAttribute("aria-sort", state.dir === "desc" ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  };

  const options = (name, found) => $(name).append(make("option", { value: "" }, w.any), ...found.map(([content, text]) => make("option", { value: content }, text)));
  const used = (name) => [...new Set(data.rows.map((row) => value(row, name)))].sort();
  for (const { key, kind, family } of columns) if (kind === "value") options(key, used(key).map((one) => [one, named(family, one)]));
  options("finding", codes.map((one) => [one.code, one.code]).sort());

  for (const head of document.querySelectorAll("#table thead th")) {
    const key = head.dataset.key;
    if (key === "looks") continue;
    const button = make("button", { type: "button" }, head.textContent);
    button.addEventListener("click", () => {
      state.dir = state.sort === key && state.dir === "asc" ? "desc" : "asc";
      state.sort = key;
      write();
      apply();
    });
    head.dataset.word = head.textContent; // on paper, where browsers repeat no buttons from page to page
    head.replaceChildren(button);
  }
  $("q").addEventListener("input", () => { state.q = $("q").value; write(); apply(); });
  for (const name of FILTERS) $(name).addEventListener("change", () => { state[name] = $(name).value; write(); apply(); });
  $("reset").addEventListener("click", () => { for (const key of Object.keys(state)) state[key] = key === "dir" ? "asc" : ""; write(); apply(); });
  $("more").addEventListener("click", () => {
    const before = shown;
    shown += 5 * CHUNK;
    $("rows").append(...matching.slice(before, shown).flatMap(line));
    $("more").hidden = shown >= matching.length;
  });
  const go = () => {
    if (!location.hash.includes("=")) return;
    read();
    apply();
    const target = state.open ? $("rows").querySelector(`tr[data-id="${CSS.escape(state.open)}"]`) : $("segments");
    if (target) target.scrollIntoView({ block: "start" });
  };
  addEventListener("hashchange", go);
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
    if (shown < matching.length) { shown = PRINTED; draw(); }
  });
  for (const command of document.querySelectorAll("main .command")) {
    const place = document.createComment("");
    command.replaceWith(place);
    place.replaceWith(withCopy(command));
  }
  if ($("decisions")) {
    for (const place of document.querySelectorAll(".decides")) {
      const id = place.dataset.decides;
      if (id in data.checksums && byId.has(id)) place.replaceWith(decider(id));
    }
    $("decider").addEventListener("input", count);
    addEventListener("beforeunload", (event) => { if (!kept) event.preventDefault(); }); // the browser asks
    $("decided-download").addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob([asText() + "\n"], { type: "application/json" }));
      make("a", { href: address, download: `decisions-${data.run}.json` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
      kept = true;
    });
    count();
    $("decisions").hidden = false;
  }
  document.querySelector(".filters").hidden = false;
  read();
  apply();
  if (location.hash.includes("=")) go();
})();
