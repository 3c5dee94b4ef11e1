"use strict";

const byName = new Map(catalog.map((relation) => [relation.name, relation]));
const address = (name, column) => `#${encodeURIComponent(name)}${column ? `/${encodeURIComponent(column)}` : ""}`;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.flat());
  return made;
}

const link = (name, column) =>
  element("a", { href: address(name, column) }, column ? `${name}.${column}` : name);
const separated = (nodes) => nodes.flatMap((node, position) => (position ? [", ", node] : [node]));
const readersOf = (name) => catalog.filter((relation) => relation.reads.includes(name)).map(({ name }) => name);

// Every relation that is reached from `name` by `next`, itself included.
function reached(name, next) {
  const found = new Set([name]);
  for (const reachedName of found) next(reachedName).filter((other) => byName.has(other)).forEach((other) => found.add(other));
  return found;
}

const origins = (name, column) => byName.get(name)?.columns.find((one) => one.name === column)?.from ?? [];
const uses = (name, column) =>
  catalog.flatMap((relation) => relation.columns
    .filter((one) => one.from.some((origin) => origin.relation === name && origin.column === column))
    .map((one) => ({ relation: relation.name, column: one.name })));

// Where a column comes from or goes to, step by step.
function trace(name, column, next) {
  const steps = next(name, column);
  if (!steps.length) return [];
  return [element("ul", {}, steps.map((step) =>
    element("li", {}, link(step.relation, step.column), trace(step.relation, step.column, next))))];
}

function facts(relation) {
  const shown = {
    Kind: relation.kind, Owner: relation.owner, Grain: relation.grain, Key: relation.key.join(", "),
    Sorted: relation.sort.join(", "), File: relation.file, Origin: relation.origin,
  };
  const given = Object.entries(shown).filter(([, value]) => value);
  return element("dl", {}, given.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function table(headers, rows) {
  return element("table", {},
    element("thead", {}, element("tr", {}, headers.map((header) => element("th", { scope: "col" }, header)))),
    element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((cell) => element("td", {}, cell))))));
}

const section = (title, ...content) => [element("h3", {}, title), ...content];

function columnTable(relation) {
  return table(["Column", "Type", "What", "From"], relation.columns.map((column) => [
    element("a", { href: address(relation.name, column.name) }, column.name),
    column.type + (column.nullable ? ", may be absent" : ""),
    column.description,
    separated(column.from.map((origin) => link(origin.relation, origin.column))),
  ]));
}

function lineage(relation) {
  const names = reached(relation.name, (name) => byName.get(name).reads);
  reached(relation.name, readersOf).forEach((name) => names.add(name));
  return element("div", { class: "graph" }, graph(names, (name) => byName.get(name), address, relation.name));
}

function relationPage(relation) {
  const readers = readersOf(relation.name);
  return [
    element("h2", {}, relation.name),
    element("p", {}, relation.description),
    facts(relation),
    section("Columns", columnTable(relation)),
    relation.tests.length ? section("Tests", table(["Test", "When it fails"], relation.tests.map((test) =>
      [test.name, test.severity === "warn" ? "a warning" : "nothing is published"]))) : [],
    relation.examples.length ? section("Worked examples", element("p", {}, relation.examples.join(", "))) : [],
    section("Lineage", lineage(relation)),
    relation.reads.length ? element("p", {}, "Reads ", separated(relation.reads.map((name) => link(name)))) : [],
    readers.length ? element("p", {}, "Read by ", separated(readers.map((name) => link(name)))) : [],
    relation.sql ? section("SQL", element("pre", {}, relation.sql)) : [],
  ];
}

function columnPage(relation, column) {
  const from = trace(relation.name, column.name, origins);
  const to = trace(relation.name, column.name, uses);
  return [
    element("h2", {}, link(relation.name), `.${column.name}`),
    element("p", {}, column.description),
    section("Computed from", element("div", { class: "trace" }, from.length ? from : "nothing else")),
    section("Used for", element("div", { class: "trace" }, to.length ? to : "no other column")),
  ];
}

function home() {
  const count = (test) => catalog.filter(test).length;
  const names = new Set(byName.keys());
  return [
    element("h2", {}, "What reads what"),
    element("p", {}, `${count(({ kind }) => kind !== "source")} models, ${count(({ kind }) => kind === "source")} sources`),
    element("div", { class: "graph" }, graph(names, (name) => byName.get(name), address)),
  ];
}

const layerOf = (relation) =>
  relation.kind === "source" ? "sources" : relation.file.split("/").slice(-2, -1)[0] || "models";

// Why a relation is among what was searched for: its name, its description, or columns.
function hit(relation, words) {
  const text = [relation.name, relation.description, ...relation.columns.flatMap(({ name, description }) => [name, description])];
  if (!words.every((word) => text.some((part) => part.toLowerCase().includes(word)))) return null;
  return relation.columns.filter(({ name }) => words.length && words.every((word) => name.toLowerCase().includes(word)));
}

function showList() {
  const words = document.getElementById("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const layers = new Map();
  for (const relation of catalog) {
    const columns = hit(relation, words);
    if (!columns) continue;
    const current = location.hash.split("/")[0] === address(relation.name) ? { "aria-current": "page" } : {};
    const entry = element("li", {},
      element("a", { href: address(relation.name), ...current }, relation.name),
      columns.map(({ name }) => element("small", {}, element("a", { href: address(relation.name, name) }, name))));
    if (!layers.has(layerOf(relation))) layers.set(layerOf(relation), []);
    layers.get(layerOf(relation)).push(entry);
  }
  const found = [...layers].sort().flatMap(([layer, entries]) => [element("h2", {}, layer), element("ul", {}, entries)]);
  document.getElementById("list").replaceChildren(...(found.length ? found : ["Nothing holds these words."]));
}

function showPage() {
  const [name, columnName] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const relation = byName.get(name);
  const column = relation?.columns.find((one) => one.name === columnName);
  const content = !relation ? home() : column ? columnPage(relation, column) : relationPage(relation);
  document.title = relation ? `${name} · Daybook models` : "Daybook models";
  document.getElementById("page").replaceChildren(...content.flat(Infinity));
  showList();
  window.scrollTo(0, 0);
}

document.getElementById("search").addEventListener("input", showList);
window.addEventListener("hashchange", showPage);
showPage();
