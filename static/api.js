/* The page of the API: what it can be tried with is large, and so it is loaded when somebody asks for it. */
"use strict";

const button = document.getElementById("api-try");

function load(script) {
  return new Promise((done, failed) => {
    const element = document.createElement("script");
    element.src = script;
    element.onload = done;
    element.onerror = failed;
    document.head.append(element);
  });
}

button?.addEventListener("click", async () => {
  button.disabled = true;
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = button.dataset.style;
  document.head.append(style);
  for (const script of button.dataset.scripts.split(" ")) await load(script);
  document.getElementById("swagger-ui").hidden = false;
  button.parentElement.hidden = true;
});
