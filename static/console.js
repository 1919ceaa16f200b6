"use strict";

/* The admin look hides the page until its scripts run, and with it the field that should have the focus. That is the
   first wrong one; else what the page names; else the first of its form, the search of a list, or the first of another form
   that is in sight; else what the page tells of the last step. On a touch screen a keyboard would cover the page. */
const FIELDS = ":is(input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), select, textarea)";
const firstInSight = () =>
    ["form[id$=_form]", "#changelist-search", "form[method=post]:not(#changelist-form)"]
        .flatMap((form) => [...document.querySelectorAll(`main ${form} ${FIELDS}:enabled:not([readonly])`)])
        .find((input) => input.checkVisibility() && input.getBoundingClientRect().top < window.innerHeight);
document.addEventListener("alpine:initialized", () =>
    window.requestAnimationFrame(() => {
        const wrong = document.querySelector("main [aria-invalid=true]");
        const named = document.querySelector("[autofocus]");
        const isTouched = window.matchMedia("(pointer: coarse)").matches;
        const told = document.getElementById("messages");
        const field = wrong ?? named ?? (isTouched ? null : firstInSight()) ?? told;
        if (field && (wrong || document.activeElement === document.body)) {
            field.focus({ preventScroll: !wrong && !named });
        }
    }),
);

/* Arrow keys move between a search box and the links that it found. */
document.addEventListener("keydown", (event) => {
    const box = event.target.closest("[data-pick]");
    if (!box || !["ArrowDown", "ArrowUp"].includes(event.key)) {
        return;
    }
    const stops = [box.querySelector("input[type=search]"), ...box.querySelectorAll(".shell-picks a")];
    const next = stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
    if (stops.includes(event.target) && stops[next]) {
        event.preventDefault();
        stops[next].focus();
    }
});

/* K leads to the search in the header from wherever nothing is being typed, and with Ctrl from a field as well. */
document.addEventListener("keydown", (event) => {
    const words = document.getElementById("find-customer");
    const isTyped = event.target.closest("input, textarea, select, [contenteditable=true]");
    const isFree = event.ctrlKey || event.metaKey || !isTyped;
    if (event.key !== "k" || event.altKey || !isFree || !words) {
        return;
    }
    event.preventDefault();
    const toggle = words.closest(".shell-find").querySelector(".shell-find-toggle");
    if (toggle.offsetParent && words.offsetParent === null) {
        toggle.click();
    } else {
        words.focus();
    }
});

/* A part of a page that answers with the login means that the session has ended: the whole page goes there. */
document.addEventListener("htmx:beforeSwap", (event) => {
    const answered = event.detail.xhr.responseURL;
    if (answered && new URL(answered).pathname === "/login/") {
        event.preventDefault();
        window.location.reload();
    }
});

/* Icons are words in a font: without this a screen reader says "add" for a plus, in any language. */
const hideIcons = (part) =>
    part.querySelectorAll(".material-symbols-outlined").forEach((icon) => icon.setAttribute("aria-hidden", "true"));
document.addEventListener("DOMContentLoaded", () => hideIcons(document));
document.addEventListener("htmx:afterSettle", (event) => hideIcons(event.target));

/* A select box with a search is called by its value alone: it gets the name of its field as well. */
window.addEventListener("load", () =>
    document.querySelectorAll("select.select2-hidden-accessible").forEach((select) => {
        const box = select.nextElementSibling?.querySelector("[role=combobox]");
        const label = select.labels[0];
        if (!box || !label) {
            return;
        }
        label.id ||= `${select.id}-label`;
        box.setAttribute("aria-labelledby", `${label.id} ${box.getAttribute("aria-labelledby") ?? ""}`.trim());
        box.querySelector("input[type=search]")?.setAttribute("aria-labelledby", label.id);
    }),
);

/* A button that was pressed rests until the answer is there: the form is on its way. A file that comes down leaves the
   page as it is, so the button wakes up again by itself. */
const RESTS = 3000;
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") {
        return;
    }
    window.setTimeout(() => {
        const buttons = [...form.querySelectorAll("button:not([type=button]):enabled, input[type=submit]:enabled")];
        const wake = () => buttons.forEach((button) => (button.disabled = false));
        buttons.forEach((button) => (button.disabled = true));
        window.setTimeout(wake, RESTS);
        window.addEventListener("pageshow", wake, { once: true });
    });
});

/* The filters of a list lie over the page: what opens them leads into them, and Tab goes round inside. */
const FILTER = "#changelist-filter";
const stopsOfFilter = () =>
    [...document.querySelectorAll(`${FILTER} :is(a[href], button, input:not([type=hidden]), select, [tabindex="0"])`)].filter(
        (stop) => stop.checkVisibility() && !stop.classList.contains("select2-hidden-accessible"),
    );
document.addEventListener("DOMContentLoaded", () => {
    const filter = document.querySelector(FILTER);
    const button = document.querySelector(".filter-open-button");
    filter?.setAttribute("role", "dialog");
    filter?.setAttribute("aria-label", button?.innerText.split("\n")[0] ?? "");
});
document.addEventListener("filter-opened", () => window.requestAnimationFrame(() => stopsOfFilter()[0]?.focus()));
document.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || !event.target.closest(FILTER)) {
        return;
    }
    const stops = stopsOfFilter();
    const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
    if (event.target === from) {
        event.preventDefault();
        to.focus();
    }
});

/* The arrow keys move between the tabs of a form and open them, as Home and End do. */
document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.("[role=tab]");
    if (!tab || event.ctrlKey || event.altKey || event.metaKey) {
        return;
    }
    const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
    const here = tabs.indexOf(tab);
    const ways = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: -1 };
    if (event.key in ways) {
        event.preventDefault();
        const next = tabs.at(ways[event.key] % tabs.length);
        next.click();
        next.focus();
    }
});

/* On a narrow page the side bar lies over it: what opens it leads into it, and Escape leads out again. */
document.addEventListener("click", (event) => {
    if (event.target.closest("[aria-controls=nav-sidebar]")) {
        window.setTimeout(() => {
            const close = document.querySelector(".shell-side-close");
            if (close?.checkVisibility()) {
                close.focus();
            }
        }, 50);
    }
});
document.addEventListener("keydown", (event) => {
    const side = event.key === "Escape" ? event.target.closest?.("#nav-sidebar") : null;
    const close = side?.querySelector(".shell-side-close");
    if (close?.checkVisibility()) {
        close.click();
        window.setTimeout(() => document.querySelector("[aria-controls=nav-sidebar]")?.focus(), 50);
    }
});

/* What is shown once can be taken along with one click, where the browser lets a page do that (behind TLS). */
document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("[data-copies]").forEach((button) => {
        button.hidden = !navigator.clipboard;
        button.addEventListener("click", async () => {
            const field = document.getElementById(button.dataset.copies);
            field.select();
            await navigator.clipboard.writeText(field.value);
            button.textContent = button.dataset.done;
        });
    }),
);
