"use strict";
// All that is shown comes from the data in the page; text is only ever set as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const states = ["fresh", "stale", "running", "failed", "locked", "unknown"];
  const svgSpace = "http://www.w3.org/2000/svg";
  const byId = (id) => document.getElementById(id);

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  function shape(name, attributes = {}, text) {
    const made = document.createElementNS(svgSpace, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }
  function duration(seconds) {
    if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
    return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
  }
  const time = (seconds) => new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  const shortName = (name) => (name.length > 48 ? `${name.slice(0, 24)}…${name.slice(-23)}` : name);

  const targets = data.targets.map((target, index) => ({ ...target, index }));
  const byName = new Map(targets.map((target) => [target.name, target]));
  let run = data.runs[0];
  let chosen = null;

  // Graph
  const picture = byId("picture");
  const drawing = byId("drawing");
  const view = { x: 0, y: 0, scale: 1 };
  const place = () => drawing.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);

  function drawGraph() {
    data.lines.forEach((line) => {
      line.shape = shape("path", { d: line.path, class: line.order ? "order" : "" });
      drawing.append(line.shape);
    });
    for (const target of targets) {
      const node = shape("g", { class: `node ${target.state}`, tabindex: "0", role: "button" });
      node.setAttribute("aria-label", `${target.name}, ${target.state}`);
      node.dataset.name = target.name;
      node.append(
        shape("title", {}, `${target.name}: ${target.state}${target.why ? `: ${target.why}` : ""}`),
        shape("rect", { x: target.x, y: target.y, width: target.width, height: data.boxHeight, rx: 5 }),
        shape("text", {
          x: target.x + 8, y: target.y + 16, textLength: target.width - 16, lengthAdjust: "spacingAndGlyphs",
        }, shortName(target.name)));
      node.addEventListener("click", () => choose(target, true));
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          choose(target, true);
        }
      });
      node.addEventListener("focus", () => choose(target, false));
      drawing.append(node);
      target.node = node;
    }
  }
  function showAll() {
    const box = picture.getBoundingClientRect();
    view.scale = Math.min(1.5, (box.width - 24) / Math.max(1, data.width), (box.height - 24) / Math.max(1, data.height));
    view.x = (box.width - data.width * view.scale) / 2;
    view.y = (box.height - data.height * view.scale) / 2;
    place();
  }
  function zoom(factor, x, y) {
    const box = picture.getBoundingClientRect();
    const [px, py] = [x ?? box.width / 2, y ?? box.height / 2];
    const scale = Math.min(8, Math.max(0.02, view.scale * factor));
    view.x = px - ((px - view.x) * scale) / view.scale;
    view.y = py - ((py - view.y) * scale) / view.scale;
    view.scale = scale;
    place();
  }
  function move(x, y) {
    view.x += x;
    view.y += y;
    place();
  }
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = picture.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  let drag = null;
  picture.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY }; });
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    move(event.clientX - drag.x, event.clientY - drag.y);
    drag = { x: event.clientX, y: event.clientY };
  });
  window.addEventListener("pointerup", () => { drag = null; });
  picture.addEventListener("keydown", (event) => {
    const act = {
      ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0), ArrowUp: () => move(0, 60),
      ArrowDown: () => move(0, -60), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: showAll,
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  byId("zoom-in").addEventListener("click", () => zoom(1.25));
  byId("zoom-out").addEventListener("click", () => zoom(0.8));
  byId("zoom-all").addEventListener("click", showAll);

  function choose(target, goesThere) {
    if (chosen) chosen.node.classList.remove("chosen");
    chosen = target;
    target.node.classList.add("chosen");
    data.lines.forEach((line) => {
      line.shape.classList.toggle("near", line.from === target.index || line.to === target.index);
    });
    if (!goesThere) return;
    target.details.hidden = false;
    target.details.open = true;
    target.details.scrollIntoView({ block: "nearest" });
    target.details.querySelector("summary").focus({ preventScroll: true });
  }

  // Targets
  function drawTargets() {
    for (const target of targets) {
      const label = element("span", { class: `state ${target.state}` }, target.state);
      target.details = element("details", {}, element("summary", {}, label, ` ${target.name}`));
      target.details.dataset.name = target.name;
      if (target.server && !target.name.endsWith(`/${target.server}`)) {
        target.details.firstChild.append(` on ${target.server}`);
      }
      if (target.why) target.details.firstChild.append(`: ${target.why}`);
      // Logs are long: what is in it is made when it is opened.
      target.details.addEventListener("toggle", () => {
        if (target.details.open && !target.filled) fill(target);
      });
      byId("list").append(target.details);
    }
  }
  function fill(target) {
    target.filled = true;
    for (const one of data.runs) {
      const turn = one.turns.find((turn) => turn.target === target.name);
      if (!turn) continue;
      const why = turn.reasons.length ? `: ${turn.reasons.join("; ")}` : "";
      target.details.append(element("p", {},
        `Run ${one.id}, ${time(turn.startedAt)}: ${turn.outcome} in ${duration(turn.endedAt - turn.startedAt)}${why}`));
      if (turn.cause) target.details.append(element("pre", {}, turn.cause));
      if (one !== data.runs[0] || !turn.steps.length) continue;
      const steps = element("ol");
      for (const step of turn.steps) {
        const took = step.seconds === undefined ? "didn't end well" : duration(step.seconds);
        steps.append(element("li", { value: step.number }, `${step.text}${step.place ? ` (${step.place})` : ""}: ${took}`));
      }
      target.details.append(steps);
    }
    if (target.log !== undefined) {
      target.details.append(element("pre", { class: "log", tabindex: "0", "aria-label": `Log of ${target.name}` }, target.log));
    }
  }

  // Time line
  function drawRun() {
    const bars = byId("bars");
    bars.replaceChildren();
    for (const target of targets) target.node.classList.toggle("critical", run ? run.critical.includes(target.name) : false);
    if (!run) {
      byId("run-text").textContent = "No run is on record.";
      drawTables();
      return;
    }
    const ran = run.turns.filter((turn) => turn.endedAt > turn.startedAt);
    const end = Math.max(run.endedAt ?? 0, ...ran.map((turn) => turn.endedAt), run.startedAt + 0.001);
    const length = end - run.startedAt;
    const path = run.critical.length ? ` The critical path: ${run.critical.join(" → ")}.` : "";
    byId("run-text").textContent =
      `Run ${run.id} of ${time(run.startedAt)} took ${duration(length)}: stackmake ${run.command}`.trimEnd() + `.${path}`;
    for (const turn of [...ran].sort((a, b) => a.startedAt - b.startedAt)) {
      const row = element("div", { class: "bar-row", role: "listitem" });
      row.classList.toggle("critical", run.critical.includes(turn.target));
      row.dataset.name = turn.target;
      const name = element("button", { type: "button", title: turn.target }, turn.target);
      name.addEventListener("click", () => {
        const target = byName.get(turn.target);
        if (target) choose(target, true);
      });
      const track = shape("svg", { class: "track", viewBox: "0 0 1000 18", preserveAspectRatio: "none", role: "img" });
      const scale = (seconds) => ((seconds - run.startedAt) / length) * 1000;
      const wide = (from, to) => Math.max(2, scale(to) - scale(from));
      const text = `${turn.target}: ${turn.outcome} after ${duration(turn.endedAt - turn.startedAt)}`;
      track.setAttribute("aria-label", text);
      const whole = shape("rect", {
        class: `whole ${turn.outcome}`, x: scale(turn.startedAt), y: 2, height: 14, width: wide(turn.startedAt, turn.endedAt),
        "vector-effect": "non-scaling-stroke",
      });
      whole.append(shape("title", {}, text));
      track.append(whole);
      for (const step of turn.steps) {
        const part = shape("rect", {
          class: "step", x: scale(step.startedAt), y: 5, height: 8,
          width: wide(step.startedAt, step.seconds === undefined ? turn.endedAt : step.startedAt + step.seconds),
          "vector-effect": "non-scaling-stroke",
        });
        part.append(shape("title", {}, `step ${step.number}: ${step.text}`));
        track.append(part);
      }
      row.append(name, track);
      bars.append(row);
    }
    drawTables();
    filter();
  }

  // Tables
  function table(heads, rows, none) {
    if (!rows.length) return element("p", {}, none);
    const isNumber = (value) => typeof value === "number" || /^[+-]?\d/.test(value);
    const cells = (name, row) => row.map((value, column) =>
      element(name, isNumber(rows[0][column]) ? { class: "number" } : {}, String(value)));
    return element("table", {},
      element("thead", {}, element("tr", {}, ...cells("th", heads))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells("td", row)))));
  }
  function drawTables() {
    const requests = (run?.requests ?? []).map((one) =>
      [one.method, one.host + one.path, one.status || "no answer", one.count, duration(one.seconds)]);
    byId("request-table").replaceChildren(
      table(["method", "what", "status", "times", "took"], requests, "No request was sent in this run."));
    const before = data.runs[data.runs.indexOf(run) + 1];
    const earlier = new Map((before?.turns ?? []).map((turn) => [turn.target, turn]));
    const rows = [];
    for (const turn of run?.turns ?? []) {
      const old = earlier.get(turn.target);
      earlier.delete(turn.target);
      const now = turn.endedAt - turn.startedAt;
      const then = old ? old.endedAt - old.startedAt : undefined;
      const difference = old ? `${now < then ? "-" : "+"}${duration(Math.abs(now - then))}` : "";
      rows.push([turn.target, old ? old.outcome : "not built", turn.outcome, old ? duration(then) : "", duration(now), difference]);
    }
    for (const [name, old] of earlier) rows.push([name, old.outcome, "not built", duration(old.endedAt - old.startedAt), "", ""]);
    byId("comparison-table").replaceChildren(before
      ? table(["target", `run ${before.id}`, `run ${run.id}`, "took then", "took now", "difference"], rows, "Nothing was built.")
      : element("p", {}, "There is no run before it."));
  }

  // Search and filters
  const search = byId("search");
  const shown = new Set(states);
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const target of targets) {
      const text = `${target.name} ${target.kind} ${target.state} ${target.why} ${target.server ?? ""}`.toLowerCase();
      const isShown = shown.has(target.state) && words.every((word) => text.includes(word));
      target.isShown = isShown;
      target.node.classList.toggle("away", !isShown);
      target.details.hidden = !isShown;
      if (isShown) count += 1;
    }
    data.lines.forEach((line) => {
      line.shape.classList.toggle("away", !(targets[line.from].isShown && targets[line.to].isShown));
    });
    for (const row of byId("bars").children) {
      const target = byName.get(row.dataset.name);
      row.hidden = target ? !target.isShown : words.length > 0;
    }
    byId("count").textContent = `${count} of ${targets.length} targets`;
  }
  search.addEventListener("input", filter);
  for (const state of states) {
    const count = targets.filter((target) => target.state === state).length;
    if (!count) continue;
    const box = element("input", { type: "checkbox", id: `state-${state}` });
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) shown.add(state);
      else shown.delete(state);
      filter();
    });
    byId("states").append(element("label", {}, box, ` ${count} `, element("span", { class: `state ${state}` }, state)));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !["INPUT", "SELECT"].includes(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      search.value = "";
      filter();
      picture.focus();
    }
  });
  data.runs.forEach((one, number) => {
    byId("run").append(element("option", { value: number }, `${one.id}: ${time(one.startedAt)}`));
  });
  byId("run").addEventListener("change", (event) => {
    run = data.runs[Number(event.target.value)];
    drawRun();
  });

  byId("made").textContent = `As of ${time(data.madeAt)}, by stackmake report`;
  drawGraph();
  drawTargets();
  drawRun();
  filter();
  showAll();
  window.addEventListener("resize", showAll);
})();
