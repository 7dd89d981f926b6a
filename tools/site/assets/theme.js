// Loaded before the page is drawn, so that a chosen theme does not flash.
(() => {
  const themes = ["automatic", "light", "dark"];
  const signs = { automatic: "◐", light: "☀", dark: "☾" };
  // The drawings have a variant for each theme.
  const dark = { automatic: "(prefers-color-scheme: dark)", light: "not all", dark: "all" };
  const stored = () => {
    try { return localStorage.getItem("theme") || "automatic"; } catch { return "automatic"; }
  };
  let theme = stored();
  const apply = () => {
    if (theme === "automatic") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const each of document.querySelectorAll("picture source")) each.media = dark[theme];
  };
  apply();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("button.theme");
    const show = () => {
      button.textContent = signs[theme];
      button.setAttribute("aria-label", `Theme: ${theme}`);
      button.title = `Theme: ${theme}`;
    };
    button.hidden = false;
    apply();
    show();
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      try { localStorage.setItem("theme", theme); } catch { /* a browser without storage forgets the choice */ }
      apply();
      show();
    });
    const menu = document.querySelector("details.menu");
    const current = menu?.querySelector("[aria-current]");
    if (current) menu.scrollTop = current.offsetTop - menu.clientHeight / 2;
    if (matchMedia("(max-width: 1000px)").matches) {
      for (const each of document.querySelectorAll("details.menu, .filters details")) each.removeAttribute("open");
    }
  });
})();
