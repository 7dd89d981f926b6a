// Filters the cards. Within a group one value is enough, and every group must agree. The address keeps the choice.
const form = document.getElementById("filters");
const cards = [...document.querySelectorAll(".card")].map((element) => ({
  element,
  facets: JSON.parse(element.dataset.facets),
}));
const groups = [...new Set([...form.querySelectorAll("[type=checkbox]")].map((each) => each.name))];

const chosen = () => {
  const data = new FormData(form);
  return { posture: data.get("posture"), values: Object.fromEntries(groups.map((name) => [name, data.getAll(name)])) };
};
const fits = (card, { posture, values }, except) =>
  groups.every((name) => {
    const wanted = name === except ? [] : values[name];
    return !wanted.length || wanted.some((each) => card.facets[posture][name].includes(each));
  });

const show = () => {
  const choice = chosen();
  let found = 0;
  for (const card of cards) {
    const visible = fits(card, choice);
    card.element.hidden = !visible;
    found += visible;
    for (const part of card.element.querySelectorAll("[data-posture]")) part.hidden = part.dataset.posture !== choice.posture;
  }
  document.getElementById("count").textContent = found === cards.length ? `All ${found} patterns` : `${found} of ${cards.length} patterns`;
  document.querySelector(".nothing").hidden = found > 0;
  for (const box of form.querySelectorAll("[type=checkbox]")) {
    const others = cards.filter(
      (card) => fits(card, choice, box.name) && card.facets[choice.posture][box.name].includes(box.value),
    ).length;
    box.parentElement.querySelector("span").textContent = others;
    box.parentElement.classList.toggle("none", !others && !box.checked);
  }
};
const write = () => {
  const query = new URLSearchParams(new FormData(form));
  if (query.get("posture") === "sandbox") query.delete("posture");
  history.replaceState(null, "", `#${query}`);
};
const read = () => {
  const query = new URLSearchParams(location.hash.slice(1));
  for (const box of form.elements) {
    if (box.type === "checkbox") box.checked = query.getAll(box.name).includes(box.value);
    if (box.type === "radio") box.checked = box.value === (query.get("posture") || "sandbox");
  }
};

// A drawing is loaded when its card comes into view. All of them would be larger than the rest of the site together.
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    const [source, image] = target.children;
    source.srcset = source.dataset.srcset;
    image.src = image.dataset.src;
    seen.unobserve(target);
  }
});
for (const each of document.querySelectorAll(".card picture")) seen.observe(each);

form.hidden = false;
form.addEventListener("change", () => { show(); write(); });
form.addEventListener("reset", () => setTimeout(() => { show(); write(); }));
addEventListener("hashchange", () => { read(); show(); });
read();
show();
