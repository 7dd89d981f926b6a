// Searches all pages. The index is loaded with the first use of the field, by scripts, because file:// has no fetch.
const root = document.body.dataset.root;
const search = document.querySelector("form.search");
const field = search.querySelector("input");
const panel = search.querySelector(".results");
const list = search.querySelector("ul");
const MOST = 12;
let engine;

const load = (path) =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${root}assets/${path}`;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${path} could not be loaded.`));
    document.head.append(script);
  });
const ready = () =>
  (engine ??= Promise.all([load("minisearch.js"), load("search-index.js")]).then(() => {
    const made = new MiniSearch({
      fields: ["page", "heading", "text"],
      storeFields: ["page", "heading", "url", "text"],
      searchOptions: { boost: { page: 4, heading: 3 }, prefix: true, fuzzy: (term) => (term.length > 4 ? 0.2 : false), combineWith: "AND" },
    });
    made.addAll(window.patternbookIndex.map((each, id) => ({ id, ...each })));
    return made;
  }));

const excerpt = (text, terms) => {
  const places = terms.map((term) => text.toLowerCase().indexOf(term)).filter((place) => place >= 0);
  const start = Math.max(0, Math.min(...places, text.length) - 50);
  return `${start ? "…" : ""}${text.slice(places.length ? start : 0, (places.length ? start : 0) + 150)}…`;
};
const close = () => {
  panel.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
};
const choose = (index) => {
  const items = [...list.children];
  for (const [place, item] of items.entries()) item.setAttribute("aria-selected", String(place === index));
  if (items[index]) {
    field.setAttribute("aria-activedescendant", items[index].id);
    items[index].scrollIntoView({ block: "nearest" });
  }
};
const find = async () => {
  const words = field.value.trim();
  if (words.length < 2) return close();
  const found = (await ready()).search(words);
  if (words !== field.value.trim()) return;
  list.replaceChildren(
    ...found.slice(0, MOST).map((each, index) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const [title, text] = [document.createElement("strong"), document.createElement("span")];
      item.id = `result-${index}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      link.href = root + each.url;
      link.tabIndex = -1;
      title.textContent = [each.page, each.heading].filter(Boolean).join(" › ");
      text.textContent = excerpt(each.text, each.terms);
      link.append(title, text);
      item.append(link);
      return item;
    }),
  );
  search.querySelector("[role=status]").textContent = found.length ? `${found.length} sections` : `Nothing has “${words}”.`;
  panel.hidden = false;
  field.setAttribute("aria-expanded", "true");
  choose(0);
};

search.hidden = false;
field.addEventListener("focus", ready);
field.addEventListener("input", find);
field.addEventListener("keydown", (event) => {
  const items = [...list.children];
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") close();
  else if (event.key === "ArrowDown") choose(Math.min(at + 1, items.length - 1));
  else if (event.key === "ArrowUp") choose(Math.max(at - 1, 0));
  else return;
  event.preventDefault();
});
search.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!panel.hidden) list.querySelector("[aria-selected=true] a")?.click();
});
addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
  }
});
search.addEventListener("focusout", (event) => { if (!search.contains(event.relatedTarget)) close(); });
