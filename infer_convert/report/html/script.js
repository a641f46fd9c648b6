"use strict";
/* Draws the network and shows what is known of one layer. Everything from the file goes through textContent. */
const data = JSON.parse(document.getElementById("data").textContent);
const { layers, wires, groups, texts } = data;
const byId = (id) => document.getElementById(id);
const SVG = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;
const ROW = 64, HIGH = 42, GAP = 22, THIN = 14;
const state = { open: new Set(), zoom: 1, chosen: -1, nodes: [], places: new Map() };

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
function draw(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
const grade = (p) => (p >= 0.98 ? "sure" : p >= 0.9 ? "likely" : p >= 0.6 ? "doubt" : "bad");
const percent = (p) => (p < 1 && p >= 0.995 ? ">99%" : p > 0 && p < 0.005 ? "<1%" : Math.round(100 * p) + "%");
const cut = (text, most) => (text.length > most ? text.slice(0, Math.ceil(most / 2) - 1) + "…" + text.slice(-Math.floor(most / 2)) : text);

/* --- which boxes are visible ------------------------------------------------------------------------------------ */
const modelGroup = new Map();
groups.forEach((group, number) => { if (group.model !== undefined) modelGroup.set(group.model, number); });

function parents(group) {
  const found = [];
  for (let g = group; g >= 0; g = groups[g].parent) found.unshift(g);
  return found;
}
/* The box that stands for a layer: its outermost folded group, or itself. A nested model's folded box is its layer. */
function boxOf(layer) {
  for (const g of parents(layers[layer].g)) {
    if (!state.open.has(g)) return groups[g].model !== undefined ? "L" + groups[g].model : "G" + g;
  }
  return "L" + layer;
}
function source(layer, tensor) {
  const g = modelGroup.get(layer);
  if (g === undefined || !state.open.has(g)) return layer;
  const inner = layers[layer].outs[Math.min(tensor, layers[layer].outs.length - 1)];
  return inner < 0 ? layer : source(inner, 0);
}
function target(layer, slot) {
  const g = modelGroup.get(layer);
  if (g === undefined || !state.open.has(g)) return layer;
  const inner = layers[layer].ins[Math.min(slot, layers[layer].ins.length - 1)];
  return inner < 0 ? layer : inner;
}
function visible() {
  const nodes = new Map();
  layers.forEach((layer, number) => {
    const g = modelGroup.get(number);
    if (g !== undefined && state.open.has(g) && boxOf(number) === "L" + number) return;
    const id = boxOf(number);
    if (!nodes.has(id)) nodes.set(id, { id, members: [], order: nodes.size, worst: 1 });
    const node = nodes.get(id);
    node.members.push(number);
    node.worst = Math.min(node.worst, layer.u);
  });
  const seen = new Set(), edges = [];
  for (const [from, tensor, to, slot] of wires) {
    const a = boxOf(source(from, tensor)), b = boxOf(target(to, slot)), key = a + ">" + b;
    if (a === b || seen.has(key) || !nodes.has(a) || !nodes.has(b)) continue;
    seen.add(key);
    edges.push([nodes.get(a), nodes.get(b)]);
  }
  return { nodes: [...nodes.values()], edges };
}
function describe(node) {
  if (node.id[0] === "G") {
    const group = groups[+node.id.slice(1)];
    node.name = group.label;
    node.kind = "folded: " + group.count + " layers";
    node.fold = +node.id.slice(1);
  } else {
    const number = +node.id.slice(1), layer = layers[number];
    node.layer = number;
    node.name = layer.n;
    node.kind = layer.c + (layer.s ? " · " + layer.s : "");
    if (modelGroup.has(number)) node.fold = modelGroup.get(number);
  }
  node.name = cut(node.name, node.fold === undefined ? 30 : 44);
  if (node.kind.length > 40) node.kind = node.kind.slice(0, 39) + "…";
  node.width = Math.max(96, 7.2 * node.name.length + 22, 6.2 * node.kind.length + 22) + (node.fold === undefined ? 0 : 22);
}

/* --- layered layout: ranks by longest path, order by barycentres, places by neighbours ------------------------------ */
function layout(nodes, edges) {
  nodes.forEach((node) => { describe(node); node.up = []; node.down = []; node.rank = 0; });
  const sorted = topological(nodes, edges);
  sorted.order.forEach((node) => sorted.down.get(node).forEach((next) => { next.rank = Math.max(next.rank, node.rank + 1); }));
  nodes.forEach((node) => {
    const next = sorted.down.get(node);
    if (!sorted.ups.get(node) && next.length) node.rank = Math.min(...next.map((item) => item.rank)) - 1;
  });
  const rows = [];
  const put = (node) => { (rows[node.rank] = rows[node.rank] || []).push(node); };
  sorted.order.forEach(put);
  const paths = [];
  for (const [a, b] of edges) {
    const [top, bottom] = a.rank < b.rank ? [a, b] : [b, a];
    const path = [top];
    for (let rank = top.rank + 1; rank < bottom.rank; rank++) {
      const dummy = { dummy: true, rank, width: THIN, up: [], down: [] };
      put(dummy);
      path.push(dummy);
    }
    path.push(bottom);
    for (let i = 1; i < path.length; i++) { path[i - 1].down.push(path[i]); path[i].up.push(path[i - 1]); }
    paths.push({ path, a, b });
  }
  for (let r = 0; r < rows.length; r++) rows[r] = rows[r] || [];
  const index = () => rows.forEach((row) => row.forEach((node, i) => { node.at = i; }));
  const centre = (list, node) => (list.length ? list.reduce((sum, item) => sum + item.at / Math.max(1, rows[item.rank].length - 1 || 1), 0) / list.length : node.at / Math.max(1, rows[node.rank].length));
  index();
  for (let sweep = 0; sweep < 6; sweep++) {
    const downwards = sweep % 2 === 0;
    for (let k = 0; k < rows.length; k++) {
      const row = rows[downwards ? k : rows.length - 1 - k];
      if (row.length < 2) continue;
      row.forEach((node) => { node.key = centre(downwards ? node.up : node.down, node); });
      row.sort((one, two) => one.key - two.key || one.at - two.at);
      row.forEach((node, i) => { node.at = i; });
    }
  }
  rows.forEach((row) => { let x = 0; row.forEach((node) => { node.x = x + node.width / 2; x += node.width + GAP; }); row.forEach((node) => { node.x -= x / 2; }); });
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let k = 0; k < rows.length; k++) settle(rows[sweep % 2 ? rows.length - 1 - k : k], sweep % 2 ? "down" : "up", sweep > 7);
  }
  const left = Math.min(0, ...rows.flat().map((node) => node.x - node.width / 2)) - 16;
  let right = 0;
  rows.flat().forEach((node) => { node.x -= left; node.y = node.rank * ROW + 16 + HIGH / 2; right = Math.max(right, node.x + node.width / 2); });
  return { paths, width: right + 16, height: rows.length * ROW + 12 };
}
function topological(nodes, edges) {
  const down = new Map(nodes.map((node) => [node, []])), waits = new Map(nodes.map((node) => [node, 0])), ups = new Map(waits);
  edges.forEach(([a, b]) => { down.get(a).push(b); waits.set(b, waits.get(b) + 1); ups.set(b, ups.get(b) + 1); });
  const order = [], ready = nodes.filter((node) => !waits.get(node)), done = new Set();
  let rest = 0;
  while (order.length < nodes.length) {
    if (!ready.length) {  /* folding can make a circle: break it at the first box in the file's order */
      while (done.has(nodes[rest])) rest++;
      ready.push(nodes[rest]);
    }
    const node = ready.pop();
    if (done.has(node)) continue;
    done.add(node);
    order.push(node);
    const next = down.get(node).filter((item) => !done.has(item));
    down.set(node, next);
    for (let i = next.length - 1; i >= 0; i--) {
      waits.set(next[i], waits.get(next[i]) - 1);
      if (waits.get(next[i]) === 0) ready.push(next[i]);
    }
  }
  return { order, down, ups: { get: (node) => ups.get(node) } };
}
/* Move each box of a row to the middle of its neighbours, keeping order and distance. */
function settle(row, side, both) {
  const wish = row.map((node) => {
    const near = both ? node.up.concat(node.down) : node[side];
    if (!near.length) return node.x;
    const xs = near.map((item) => item.x).sort((p, q) => p - q);
    return (xs[(xs.length - 1) >> 1] + xs[xs.length >> 1]) / 2;
  });
  const blocks = [];
  row.forEach((node, i) => {
    const block = { first: i, last: i, wish: wish[i], weight: 1, span: [0] };
    blocks.push(block);
    while (blocks.length > 1) {
      const one = blocks[blocks.length - 2], two = blocks[blocks.length - 1];
      const distance = one.span[one.span.length - 1] + (row[one.last].width + row[two.first].width) / 2 + GAP;
      if (two.wish >= one.wish + distance) break;
      const weight = one.weight + two.weight;
      const wished = (one.wish * one.weight + (two.wish - distance) * two.weight) / weight;
      blocks.splice(-2, 2, { first: one.first, last: two.last, wish: wished, weight, span: one.span.concat(two.span.map((s) => s + distance)) });
    }
  });
  blocks.forEach((block) => { for (let i = block.first; i <= block.last; i++) row[i].x = block.wish + block.span[i - block.first]; });
}

/* --- drawing -------------------------------------------------------------------------------------------------------- */
const canvas = byId("canvas");
function render(focus) {
  const { nodes, edges } = visible();
  const { paths, width, height } = layout(nodes, edges);
  Object.assign(state, { nodes, width, height });
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "The network, inputs at the top" });
  state.svg = svg;
  state.lines = [];
  const lines = draw("g", { "aria-hidden": "true" });
  for (const { path, a, b } of paths) {
    const line = draw("path", { d: curve(path), class: "wire" });
    state.lines.push({ line, a: a.id, b: b.id });
    lines.append(line);
  }
  svg.append(lines);
  state.places = new Map();
  nodes.sort((one, two) => one.rank - two.rank || one.x - two.x);
  nodes.forEach((node) => { const box = drawn(node); state.places.set(node.id, { node, box }); svg.append(box); });
  canvas.replaceChildren(svg);
  zoom(state.zoom);
  mark();
  if (focus) show(focus, true);
  byId("count").textContent = `${nodes.length} of ${layers.length} boxes`;
}
function curve(path) {
  const first = path[0], last = path[path.length - 1];
  let d = `M${first.x.toFixed(1)} ${first.y + HIGH / 2}`, x = first.x, y = first.y + HIGH / 2;
  for (const node of path.slice(1)) {
    const top = node.y - HIGH / 2, middle = (y + top) / 2;
    d += ` C${x.toFixed(1)} ${middle} ${node.x.toFixed(1)} ${middle} ${node.x.toFixed(1)} ${top}`;
    if (node !== last) d += ` V${node.y + HIGH / 2}`;
    x = node.x; y = node.y + HIGH / 2;
  }
  return d;
}
function drawn(node) {
  const layer = node.layer === undefined ? null : layers[node.layer];
  const box = draw("g", {
    class: `node ${grade(node.worst)}${layer && layer.h ? " hidden-layer" : ""}`, tabindex: "-1", role: "button",
    transform: `translate(${(node.x - node.width / 2).toFixed(1)} ${node.y - HIGH / 2})`, "data-id": node.id,
    "aria-label": `${node.name}, ${node.kind}, least certain decision ${percent(node.worst)}`,
  });
  if (node.fold !== undefined) {
    box.append(draw("rect", { class: "back", x: 4, y: 4, width: node.width, height: HIGH, rx: 6 }));
  }
  box.append(draw("rect", { class: "face", width: node.width, height: HIGH, rx: 6 }));
  box.append(draw("text", { x: 10, y: 18 }, node.name), draw("text", { x: 10, y: 33, class: "kind" }, node.kind));
  if (node.fold !== undefined) box.append(draw("text", { x: node.width - 18, y: 26 }, "⊞"));
  box.append(draw("title", {}, `${layer ? layer.n : groups[node.fold].label}: ${percent(node.worst)}`));
  return box;
}
function zoom(factor) {
  const old = state.zoom;
  state.zoom = Math.min(3, Math.max(0.05, factor));
  const middle = (canvas.scrollTop + canvas.clientHeight / 2) / old;
  state.svg.setAttribute("width", state.width * state.zoom);
  state.svg.setAttribute("height", state.height * state.zoom);
  if (old !== state.zoom) canvas.scrollTop = middle * state.zoom - canvas.clientHeight / 2;
}
function fit() {
  zoom(Math.min(1.2, (canvas.clientWidth - 20) / state.width, (0.7 * innerHeight) / state.height));
}
function readable() { zoom(Math.max(0.55, Math.min(1, (canvas.clientWidth - 20) / state.width))); }
function centre(node) {
  canvas.scrollTop = node.y * state.zoom - canvas.clientHeight / 2;
  const shift = Math.max(0, (canvas.clientWidth - state.width * state.zoom) / 2);
  canvas.scrollLeft = node.x * state.zoom + shift - canvas.clientWidth / 2;
}
function mark() {
  const chosen = state.chosen;
  state.places.forEach(({ node, box }) => {
    const on = node.id === chosen;
    box.classList.toggle("chosen", on);
    box.setAttribute("tabindex", on || (chosen === -1 && node === state.nodes[0]) ? "0" : "-1");
  });
  if (!state.places.has(chosen) && state.nodes.length) state.places.get(state.nodes[0].id).box.setAttribute("tabindex", "0");
  state.lines.forEach(({ line, a, b }) => line.classList.toggle("on", a === chosen || b === chosen));
}

/* --- choosing a box -------------------------------------------------------------------------------------------------- */
function show(id, scroll) {
  const place = state.places.get(id);
  if (!place) return;
  state.chosen = id;
  mark();
  if (scroll) centre(place.node);
  details(place.node);
}
function toggle(group) {
  if (state.open.has(group)) state.open.delete(group); else state.open.add(group);
  const inside = layers.findIndex((layer, number) => parents(layer.g).includes(group));
  render(inside >= 0 ? boxOf(inside) : undefined);
}
function reveal(name) {
  const number = layers.findIndex((layer) => layer.n === name);
  if (number < 0) return;
  parents(layers[number].g).forEach((g) => state.open.add(g));
  const g = modelGroup.get(number);
  if (g !== undefined) state.open.delete(g);
  render();
  if (state.zoom < 0.5) readable();
  show("L" + number, true);
}
function button(label, act, extra) {
  const made = make("button", { type: "button", ...extra }, label);
  made.addEventListener("click", act);
  return made;
}
function details(node) {
  const panel = byId("details"), parts = [];
  panel.removeAttribute("data-empty");
  const here = node.layer === undefined ? groups[node.fold].parent : layers[node.layer].g;
  if (node.fold !== undefined) parts.push(button("Unfold", () => toggle(node.fold)));
  if (here >= 0) parts.push(button("Fold " + cut(groups[here].label, 30), () => toggle(here)));
  if (node.layer === undefined) {
    parts.unshift(make("h3", {}, groups[node.fold].label));
    const list = make("ul");
    node.members.slice(0, 200).forEach((number) => {
      const link = make("a", { href: "#architecture" }, layers[number].n);
      link.addEventListener("click", (event) => { event.preventDefault(); reveal(layers[number].n); });
      list.append(make("li", {}, link, ` ${layers[number].c} `, chance(layers[number].u)));
    });
    parts.push(list);
  } else parts.unshift(...about(layers[node.layer]));
  panel.replaceChildren(...parts);
  panel.scrollTop = 0;
}
const chance = (p) => make("span", { class: grade(p) }, percent(p));
const code = (text) => make("code", {}, text);
function about(layer) {
  const parts = [make("h3", {}, layer.n), make("p", { class: "soft" }, layer.c + (layer.h ? " (an operator that the file cannot list)" : ""))];
  layer.r.forEach((call, number) => {
    if (call.length) parts.push(make("p", {}, layer.r.length > 1 ? `call ${number} reads ` : "reads ", code(call.join(", "))));
  });
  if (layer.w.length) {
    parts.push(make("h4", {}, "Tensors"));
    for (const [variable, stored, shape, dtype, transforms] of layer.w) {
      const line = make("p", {}, code(variable), ` ${shape.join(" × ") || "scalar"} ${dtype} from `);
      stored.forEach((path, i) => line.append(i ? ", " : "", code(path)));
      line.append(transforms.length ? ` after ${transforms.join(", ")}` : "");
      parts.push(line);
    }
  }
  if (layer.d.length) parts.push(make("h4", {}, "Decisions"));
  [...layer.d].sort((one, two) => one[2] - two[2]).forEach((decision) => parts.push(decided(decision)));
  if (layer.cfg.length) {
    const list = make("dl");
    layer.cfg.forEach(([key, value]) => list.append(make("dt", {}, key), make("dd", {}, code(value))));
    parts.push(make("h4", {}, "Settings"), list);
  }
  return parts;
}
function decided([field, value, confidence, basis, others, reasons]) {
  const box = make("div", { class: "decision" }, field + " = ", code(value), " ", chance(confidence), make("span", { class: "soft" }, ` ${basis}`));
  if (reasons.length) {
    const list = make("ul");
    reasons.forEach(([text, clue, weight]) => list.append(make("li", {}, texts[text], make("span", { class: "soft" }, ` (${clue}, ${weight > 0 ? "+" : ""}${weight})`))));
    box.append(list);
  }
  others.forEach(([other, p, command]) => {
    const copy = button("Copy", () => copied(copy, command));
    box.append(make("div", {}, "else ", code(other), " ", chance(p), " ", code(command), " ", copy));
  });
  return box;
}

/* --- copying, hints, filter, keys -------------------------------------------------------------------------------------- */
function copied(pressed, text) {
  const done = () => { const old = pressed.textContent; pressed.textContent = "Copied"; setTimeout(() => { pressed.textContent = old; }, 1200); };
  const fallback = () => {
    const area = make("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    done();
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, fallback); else fallback();
}
document.querySelectorAll("button.copy").forEach((item) => {
  item.hidden = false;
  item.addEventListener("click", () => copied(item, byId(item.dataset.of).textContent));
});
function hints() {
  const tables = new Map();
  document.querySelectorAll("input[data-question]:checked").forEach((input) => {
    for (const [table, line] of Object.entries(data.questions[+input.dataset.question][+input.value])) {
      if (!tables.has(table)) tables.set(table, []);
      tables.get(table).push(line);
    }
  });
  const text = [...tables].map(([table, lines]) => `[${table}]\n${lines.join("\n")}\n`).join("\n");
  byId("hints").textContent = text || "# no answer chosen yet";
}
document.querySelectorAll("input[data-question]").forEach((input) => input.addEventListener("change", hints));
if (byId("hints")) hints();

const filter = byId("filter");
if (filter) {
  filter.parentElement.hidden = false;
  const rows = [...document.querySelectorAll("#layers tbody tr")];
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    rows.forEach((row) => { row.hidden = !(row.cells[0].textContent + " " + row.cells[1].textContent).toLowerCase().includes(wanted); });
  });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-layer]");
  if (!link || !canvas) return;
  event.preventDefault();
  reveal(link.dataset.layer);
  byId("architecture").scrollIntoView();
});

function neighbour(key) {
  const here = (state.places.get(state.chosen) || state.places.get(state.nodes[0].id)).node;
  if (key === "ArrowUp" || key === "ArrowDown") {
    const next = key === "ArrowUp" ? here.up : here.down;
    let found = next[0];
    while (found && found.dummy) found = (key === "ArrowUp" ? found.up : found.down)[0];
    return found || here;
  }
  const row = state.nodes.filter((node) => node.rank === here.rank).sort((one, two) => one.x - two.x);
  return row[row.indexOf(here) + (key === "ArrowLeft" ? -1 : 1)] || here;
}
function start() {
  const tools = document.querySelector(".tools");
  const all = () => { groups.forEach((group, g) => state.open.add(g)); render(); };
  const none = () => { state.open.clear(); render(); };
  tools.append(
    button("+", () => zoom(state.zoom * 1.25), { "aria-label": "Zoom in" }), button("−", () => zoom(state.zoom / 1.25), { "aria-label": "Zoom out" }),
    button("Fit", fit), button("100 %", () => zoom(1)));
  if (groups.length) tools.append(button("Unfold all", all, { id: "unfold" }), button("Fold all", none, { id: "fold" }));
  tools.append(make("span", { id: "count", class: "soft" }));
  const legend = make("span", { class: "legend" });
  [["sure", "≥ 98 %"], ["likely", "≥ 90 %"], ["doubt", "≥ 60 %"], ["bad", "less"]].forEach(([name, text]) => legend.append(make("span", {}, make("i", { class: name }), text)));
  tools.append(legend);
  tools.hidden = false;
  canvas.hidden = byId("details").hidden = false;
  byId("details").setAttribute("data-empty", "");
  if (layers.length <= 40) groups.forEach((group, g) => state.open.add(g));
  render();
  readable();
  if (state.nodes.length) centre(state.nodes[0]);
  canvas.scrollTop = 0;

  let grabbed = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button) return;
    grabbed = { x: event.clientX, y: event.clientY, left: canvas.scrollLeft, top: canvas.scrollTop, moved: false };
  });
  window.addEventListener("pointermove", (event) => {
    if (!grabbed) return;
    const dx = event.clientX - grabbed.x, dy = event.clientY - grabbed.y;
    if (Math.abs(dx) + Math.abs(dy) > 4) { grabbed.moved = true; canvas.classList.add("held"); }
    canvas.scrollLeft = grabbed.left - dx;
    canvas.scrollTop = grabbed.top - dy;
  });
  window.addEventListener("pointerup", () => { canvas.classList.remove("held"); setTimeout(() => { grabbed = null; }, 0); });
  canvas.addEventListener("click", (event) => {
    const box = event.target.closest(".node");
    if (box && !(grabbed && grabbed.moved)) { show(box.dataset.id); box.focus({ preventScroll: true }); }
  });
  canvas.addEventListener("dblclick", (event) => {
    const box = event.target.closest(".node");
    const fold = box && state.places.get(box.dataset.id).node.fold;
    if (fold !== undefined && fold !== null) toggle(fold);
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(state.zoom * (event.deltaY < 0 ? 1.1 : 1 / 1.1));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const box = event.target.closest(".node");
    const node = box && state.places.get(box.dataset.id).node;
    if (event.key.startsWith("Arrow") && node) {
      const next = neighbour(event.key);
      show(next.id, true);
      state.places.get(next.id).box.focus({ preventScroll: true });
    } else if ((event.key === "Enter" || event.key === " ") && node) {
      if (state.chosen === node.id && node.fold !== undefined) {
        toggle(node.fold);
        const place = state.places.get(state.chosen);
        if (place) place.box.focus({ preventScroll: true });
      } else show(node.id);
    } else if (event.key === "+") zoom(state.zoom * 1.25);
    else if (event.key === "-") zoom(state.zoom / 1.25);
    else return;
    event.preventDefault();
  });
}
if (canvas && layers.length) start();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
