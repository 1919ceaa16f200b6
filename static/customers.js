// After a search the rows of the list are new: the ticks of the actions have to listen to them.
document.addEventListener("htmx:afterSettle", (event) => {
    const parent = document.querySelector(".result-list-wrapper");
    if (event.target.id !== "customer-results" || !parent || typeof window.Actions !== "function") return;
    const ticks = parent.querySelectorAll("tr input.action-select");
    if (ticks.length > 0) window.Actions(ticks, { parent });
});

// Where all that are found are chosen, the bar of actions says so instead of counting the ticks of the page.
document.addEventListener("change", (event) => {
    const all = document.querySelector("input[name=all_found]");
    const counter = document.querySelector(".action-counter");
    if (!all || !counter || !event.target.matches("input.action-select, #action-toggle")) return;
    const ticks = document.querySelectorAll("tr input.action-select");
    if (event.target !== all && all.checked) all.checked = false;
    else if (event.target === all && all.checked) {
        for (const tick of ticks) tick.checked = false;
        for (const row of document.querySelectorAll("tr.selected")) row.classList.remove("selected");
    }
    let said = document.getElementById("all-found-said");
    if (!said) {
        said = counter.insertAdjacentElement("afterend", document.createElement("span"));
        said.id = "all-found-said";
        said.setAttribute("role", "status");
    }
    counter.hidden = all.checked;
    said.hidden = !all.checked;
    said.textContent = all.checked ? all.dataset.said : "";
});

// A consent is recorded with the wording of its purpose, and only the transfer has a receiver.
document.addEventListener("DOMContentLoaded", () => {
    const purpose = document.querySelector("[data-consent-purpose]");
    if (!purpose) return;
    const receiver = document.querySelector("[data-consent-receiver]");
    const version = document.getElementById("id_wording_version");
    let proposed = purpose.selectedOptions[0]?.dataset.version ?? "";
    const follow = () => {
        const chosen = purpose.selectedOptions[0];
        if (version.value === proposed) version.value = chosen?.dataset.version ?? "";
        proposed = chosen?.dataset.version ?? "";
        receiver.hidden = purpose.value !== "transfer";
        if (receiver.hidden) receiver.querySelector("input").value = "";
    };
    purpose.addEventListener("change", follow);
    receiver.hidden = purpose.value !== "transfer" && !receiver.querySelector("input").value;
});

// Who has recorded a consent on the form, or assigned a card, is led back there: what was done is told there, not out
// of sight.
document.addEventListener("DOMContentLoaded", () => {
    const section = ["#consents", "#cards"].includes(window.location.hash) ? document.querySelector(window.location.hash) : null;
    const messages = document.getElementById("messages");
    if (section && messages) section.querySelector("h2").after(messages);
});
