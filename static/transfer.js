// A large file takes a while to be sent: the browser alone knows how far it is. Without this the form works as well.
const form = document.getElementById("upload-form");
const shown = document.getElementById("upload-progress");
const chosen = form?.querySelector("input[type=text][disabled]"); // where the name of the file is shown
const nothing = chosen?.value ?? "";

function tell(name, value) {
    const status = shown.querySelector("[role=status]");
    status.textContent = status.dataset[name].replace("#", value);
}

function showProgress(event) {
    const share = Math.floor((event.loaded / event.total) * 100);
    shown.querySelector("progress").value = share;
    tell(share < 100 ? "sending" : "storing", share);
    if (share === 100) shown.querySelector("progress").removeAttribute("value");
}

function showAnswer(request, button) {
    const next = request.getResponseHeader("HX-Redirect");
    if (next) {
        window.location.assign(next);
        return;
    }
    if (new URL(request.responseURL).pathname !== window.location.pathname) {
        // Sent elsewhere than the form leads to: logged out meanwhile.
        window.location.assign(request.responseURL);
        return;
    }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const notes = page.querySelectorAll("#upload-form .customer-note");
    if (!notes.length) {
        // Something else went wrong, and the answer says what; nothing is sent a second time.
        document.title = page.title;
        document.body.replaceWith(page.body);
        return;
    }
    // Refused: the reason is shown here. The file stays chosen, so that a password can be typed once more.
    const password = form.querySelector("input[type=password]");
    const isOfPassword = Boolean(password && notes[0].nextElementSibling?.querySelector("input[type=password]"));
    form.querySelectorAll(".customer-note").forEach((note) => note.remove());
    form.prepend(...notes);
    button.disabled = false;
    shown.hidden = true;
    if (password) password.value = "";
    (isOfPassword ? password : form.querySelector("input[type=file]")).focus();
}

// The file is chosen anew: a browser does not send one that was changed on the disk since it was chosen.
function askAgain(button) {
    form.reset();
    if (chosen) chosen.value = nothing;
    button.disabled = false;
    form.querySelector("input[type=file]").focus();
}

form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", showProgress);
    request.addEventListener("load", () => showAnswer(request, button));
    request.addEventListener("error", () => {
        tell("broken", "");
        askAgain(button);
    });
    button.disabled = true;
    shown.hidden = false;
    request.open("POST", form.action || window.location.href);
    request.setRequestHeader("HX-Request", "true"); // so that the next page is named, and loaded only once
    request.send(new FormData(form));
});
