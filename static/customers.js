// After a search the rows of the list are new: the ticks of the actions have to listen to them.
document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "customer-results" || typeof window.Actions !== "function") return;
    const ticks = document.querySelectorAll("tr input.action-select");
    if (ticks.length > 0) window.Actions(ticks);
});
