// After a search the rows of the list are new: the ticks of the actions have to listen to them.
document.addEventListener("htmx:afterSettle", (event) => {
    const parent = document.querySelector(".result-list-wrapper");
    if (event.target.id !== "customer-results" || !parent || typeof window.Actions !== "function") return;
    const ticks = parent.querySelectorAll("tr input.action-select");
    if (ticks.length > 0) window.Actions(ticks, { parent });
});
