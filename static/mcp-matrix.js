// The matrix of rights: filter while typing, whole rows and columns, arrow keys, what changed.
// Without this script it is a plain form that works.
"use strict";

(() => {
  const setUp = (form) => {
    const table = form.querySelector("table");
    const rows = [...table.querySelectorAll("tr[data-row]")];
    const search = document.querySelector("[data-matrix-search]");
    const held = document.querySelector("[data-matrix-held]");
    const changed = document.querySelector("[data-matrix-changed]");
    const tally = form.querySelector(".mcp-tally");
    const nothing = form.querySelector(".mcp-nothing");
    const isPaged = form.dataset.paged === "1";
    const boxes = (row) => [...row.querySelectorAll("input[type=checkbox]")];
    const isChanged = (box) => box.checked !== box.defaultChecked;
    let isSent = false;

    const mark = (box) => box.closest("td").classList.toggle("changed", isChanged(box));

    const count = () => {
      const number = boxes(table).filter(isChanged).length;
      tally.textContent = number ? `${tally.dataset.some}${number}` : tally.dataset.none;
      return number;
    };

    const fits = (row, words) =>
      words.every((word) => row.dataset.row.includes(word)) &&
      (!held.checked || isPaged || boxes(row).some((box) => box.checked || box.defaultChecked)) &&
      (!changed.checked || boxes(row).some(isChanged));

    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row) => {
        row.hidden = !fits(row, words);
        shown += row.hidden ? 0 : 1;
      });
      nothing.hidden = shown > 0 || !rows.length;
    };

    // Ticks all if one is missing, else clears all. Locked cells stay.
    const toggle = (cells) => {
      const open = cells.filter((box) => !box.disabled);
      const isMissing = open.some((box) => !box.checked);
      open.forEach((box) => {
        box.checked = isMissing;
        mark(box);
      });
      count();
    };

    const column = (index) => rows.filter((row) => !row.hidden).map((row) => boxes(row)[index]);

    table.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-all]");
      if (button) {
        const header = button.closest("th");
        toggle(button.dataset.all === "row" ? boxes(button.closest("tr")) : column(header.cellIndex - 1));
      } else if (event.target.tagName === "TD") {
        event.target.querySelector("input:enabled")?.click();
      }
    });

    table.addEventListener("change", (event) => {
      mark(event.target);
      count();
    });

    const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

    table.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step || event.target.type !== "checkbox") return;
      event.preventDefault();
      let row = event.target.closest("tr");
      let index = event.target.closest("td").cellIndex - 1;
      for (;;) {
        index += step[1];
        if (step[0] > 0) row = row.nextElementSibling;
        if (step[0] < 0) row = row.previousElementSibling;
        if (!row || index < 0) return;
        const box = boxes(row)[index];
        if (!box) return;
        if (!row.hidden && !box.disabled) {
          box.focus();
          return;
        }
      }
    });

    search.addEventListener("input", filter);
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !isPaged) event.preventDefault();
    });
    changed.addEventListener("change", filter);
    held.addEventListener("change", () => (isPaged ? held.form.requestSubmit() : filter()));
    form.addEventListener("submit", () => (isSent = true));
    window.addEventListener("beforeunload", (event) => {
      if (!isSent && count()) event.preventDefault();
    });

    document.querySelectorAll(".mcp-needs-script, button[data-all]").forEach((one) => (one.hidden = false));
    if (!isPaged) search.form.querySelector("button[type=submit]").hidden = true;
    boxes(table).forEach(mark);
    filter();
    count();
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("form[data-matrix]").forEach(setUp));
})();
