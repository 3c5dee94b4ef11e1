"use strict";

// The lineage of relations as a drawing: what is read stands left of what reads it.

const BOX = { width: 250, height: 26, across: 60, down: 12 };
const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// How many steps a relation is away from what reads nothing. Models never read in a circle.
function depths(names, reads) {
  const found = new Map();
  const depth = (name) => {
    if (!found.has(name)) {
      const before = reads(name).filter((read) => names.has(read)).map(depth);
      found.set(name, before.length ? Math.max(...before) + 1 : 0);
    }
    return found.get(name);
  };
  names.forEach(depth);
  return found;
}

// Rows within a column follow the rows of what they read, so that few lines cross.
function places(names, reads) {
  const columns = [];
  for (const [name, depth] of depths(names, reads)) (columns[depth] ??= []).push(name);
  const place = new Map();
  for (const [x, column] of columns.entries()) {
    const pull = (name) => {
      const rows = reads(name).filter((read) => place.has(read)).map((read) => place.get(read).y);
      return rows.length ? rows.reduce((sum, row) => sum + row, 0) / rows.length : 0;
    };
    const sorted = column.map((name) => [pull(name), name]).sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
    sorted.forEach(([, name], y) => place.set(name, { x, y }));
  }
  return place;
}

// A drawing of `names`; `relation` gives what is known of one, `address` where a click leads.
function graph(names, relation, address, chosen) {
  const reads = (name) => relation(name).reads;
  const place = places(names, reads);
  const at = ({ x, y }) => [10 + x * (BOX.width + BOX.across), 10 + y * (BOX.height + BOX.down)];
  const lines = [];
  const boxes = [];
  let [width, height] = [0, 0];
  for (const [name, position] of place) {
    const [x, y] = at(position);
    [width, height] = [Math.max(width, x + BOX.width + 10), Math.max(height, y + BOX.height + 10)];
    for (const read of reads(name).filter((read) => place.has(read))) {
      const [fromX, fromY] = at(place.get(read));
      const [x1, y1, y2] = [fromX + BOX.width, fromY + BOX.height / 2, y + BOX.height / 2];
      const middle = (x1 + x) / 2;
      lines.push(shape("path", { d: `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x},${y2}` }));
    }
    const kind = relation(name).kind === "source" ? "source" : "model";
    const box = shape("a", { href: address(name), class: name === chosen ? `${kind} chosen` : kind },
      shape("rect", { x, y, width: BOX.width, height: BOX.height, rx: 4 }),
      shape("text", { x: x + 8, y: y + 17 }, name));
    boxes.push(box);
  }
  return shape("svg", { width, height, role: "img", "aria-label": "What reads what" }, ...lines, ...boxes);
}
