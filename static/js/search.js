// What may be meant, below the box while typing: a combobox with a list box. htmx brings the list; without this file
// the box is a plain box.
(() => {
  "use strict";

  for (const box of document.querySelectorAll("[data-suggest]")) {
    const list = document.getElementById(box.dataset.suggest);
    if (list) equip(box, list);
  }

  function equip(box, list) {
    const status = document.createElement("p");
    status.className = "visually-hidden";
    status.setAttribute("role", "status");
    box.form.append(status);
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-expanded", "false");
    box.setAttribute("aria-controls", list.id);

    const options = () => [...list.querySelectorAll("[role=option]")];
    const chosen = () => list.querySelector("[aria-selected=true]");

    function open(isOpen) {
      list.hidden = !isOpen;
      box.setAttribute("aria-expanded", String(isOpen));
      if (!isOpen) choose(null);
    }

    function choose(option) {
      for (const each of options()) each.setAttribute("aria-selected", String(each === option));
      if (option) {
        box.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      } else {
        box.removeAttribute("aria-activedescendant");
      }
    }

    list.addEventListener("htmx:afterSwap", () => {
      const found = options();
      const isHere = document.activeElement === box;
      open(isHere && found.length > 0);
      status.textContent = isHere && found.length ? list.dataset.count.replace("0", String(found.length)) : "";
    });

    box.addEventListener("input", () => { if (!box.value.trim()) open(false); });

    // Suggestions that do not come are not missed: nobody is told.
    for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
      box.addEventListener(name, (event) => event.stopPropagation());
    }

    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // the keys belong to the input method
      const found = options();
      const at = found.indexOf(chosen());
      if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
        event.preventDefault();
        if (list.hidden) open(true);
        const step = event.key === "ArrowDown" ? 1 : -1;
        const next = at < 0 ? (step > 0 ? 0 : found.length - 1) : at + step;
        choose(found[next] || null); // past either end one is back in the box
      } else if (event.key === "Enter" && !list.hidden && at >= 0) {
        event.preventDefault();
        location.assign(found[at].href);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        open(false);
      } else if (event.key === "Tab") {
        open(false);
      }
    });

    box.addEventListener("blur", () => setTimeout(() => open(false), 150));
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the box in focus until the click
  }

  // The device's place is asked for only on a press, and sent in a form, never in an address.
  for (const button of document.querySelectorAll("[data-locate]")) {
    const form = button.form;
    const said = document.getElementById(button.dataset.locate);
    if (!("geolocation" in navigator)) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      button.disabled = true;
      said.textContent = said.dataset.asking;
      navigator.geolocation.getCurrentPosition(
        (place) => {
          form.elements.latitude.value = place.coords.latitude.toFixed(2);
          form.elements.longitude.value = place.coords.longitude.toFixed(2);
          form.submit();
        },
        () => {
          button.disabled = false;
          said.textContent = said.dataset.refused;
        },
        { maximumAge: 600000, timeout: 10000 },
      );
    });
  }
})();
