// After a search the rows of the list are new: the ticks of the actions have to listen to them.
document.addEventListener("htmx:afterSettle", (event) => {
    const parent = document.querySelector(".result-list-wrapper");
    if (event.target.id !== "customer-results" || !parent || typeof window.Actions !== "function") return;
    const ticks = parent.querySelectorAll("tr input.action-select");
    if (ticks.length > 0) window.Actions(ticks, { parent });
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
