// Suggestions below fields in which a location or a person is typed: <input data-suggest="mcp_places">.
// Without this script the fields work as they are: a number, a user name or a name is understood.
"use strict";

(() => {
  const PATHS = { mcp_places: "suggest/places/", mcp_people: "suggest/people/" };
  const DELAY = 150;

  const base = () => window.location.pathname.replace(/\/mcp\/.*$/, "/mcp/user/");

  const fill = (list, options) => {
    list.replaceChildren(
      ...options.map((text) => Object.assign(document.createElement("option"), { value: text })),
    );
  };

  const attach = (input) => {
    const list = document.createElement("datalist");
    list.id = `${input.id}_suggestions`;
    input.after(list);
    input.setAttribute("list", list.id);
    let timer;
    let asked = 0;
    const ask = async () => {
      const mine = ++asked;
      const words = input.value.split(" · ").pop();
      const answer = await fetch(`${base()}${PATHS[input.dataset.suggest]}?q=${encodeURIComponent(words)}`);
      if (answer.ok && mine === asked) fill(list, (await answer.json()).options);
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(ask, DELAY);
    };
    input.addEventListener("input", later);
    input.addEventListener("focus", () => {
      input.select();
      if (!list.children.length) later();
    });
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("input[data-suggest]").forEach(attach));
})();
