// Small helps. Every page works without this file.
(() => {
  "use strict";

  const root = document.documentElement;
  const waiting = document.getElementById("waiting");
  let timer = 0;

  function say(text) {
    if (waiting) waiting.textContent = text || "";
  }

  // One press, one request: after a form is sent its buttons rest until the answer is here.
  function rest(form) {
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    // After the browser has collected the pressed button's own name and value.
    setTimeout(() => {
      for (const button of form.elements) {
        if (button.tagName !== "BUTTON" || button.disabled) continue;
        if (button === document.activeElement) button.dataset.focused = "1";
        button.disabled = true;
        button.dataset.resting = "1";
      }
    }, 0);
    clearTimeout(timer);
    timer = setTimeout(() => say(waiting && waiting.dataset.text), 1000);
  }

  function wake(form) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    for (const button of form.elements) {
      if (!button.dataset.resting) continue;
      button.disabled = false;
      if (button.dataset.focused && document.activeElement === document.body) button.focus();
      delete button.dataset.resting;
      delete button.dataset.focused;
    }
    clearTimeout(timer);
    say("");
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("data-download")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    rest(form);
    setTimeout(() => wake(form), 15000);
  }, true);

  // Coming back with the browser's own button shows a page that is awake.
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(wake);
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest && event.target.closest("form");
    if (form) wake(form);
  });

  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, () => say(waiting && waiting.dataset.failed));
  }

  // Token for requests htmx sends outside a form.
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector('input[name="csrf_token"]');
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.value;
  });

  // Errors are read first.
  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();

  // Small menus close with Escape or a press elsewhere.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const all = event.target.closest("[data-pick-all]");
    if (all) {
      for (const box of all.closest("table").querySelectorAll(".row-pick")) box.checked = all.checked;
    }
    if (event.target.matches("[data-pick-all], .row-pick")) count(event.target.closest("form, .sheet"));
    if (event.target.closest("[data-print]")) print();
  });

  function count(scope) {
    const out = scope && scope.querySelector("[data-picked]");
    if (!out) return;
    const picked = scope.querySelectorAll(".row-pick:checked").length;
    out.textContent = out.dataset.picked.replace("0", String(picked));
  }

  // Browsers that cannot show a closed <details> as open get the catalog's filters opened on a wide screen.
  const wide = matchMedia("(min-width: 900px)");
  if (wide.matches && !CSS.supports("selector(::details-content)")) {
    document.querySelectorAll("details.filters").forEach((filters) => { filters.open = true; });
  }

  // The rail on a phone shows where one is; what only works with script shows itself.
  const here = document.querySelector(".rail-items [aria-current]");
  if (here && !wide.matches) here.parentElement.parentElement.scrollLeft = here.offsetLeft - 60;
  document.querySelectorAll("[data-needs-script]").forEach((part) => { part.hidden = false; });
  root.classList.add("js");
})();
