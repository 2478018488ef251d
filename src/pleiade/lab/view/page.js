"use strict";
// What a person has chosen here survives the page's renewal: the language, and what lies open.
const root = document.documentElement;
const chosen = { language: navigator.language.startsWith("fr") ? "fr" : "en", open: [], ...history.state };
const keep = () => history.replaceState(chosen, "");
function speak(language) {
  root.lang = language;
  for (const button of document.querySelectorAll("nav button")) {
    button.setAttribute("aria-pressed", String(button.lang === language));
  }
  for (const svg of document.querySelectorAll("svg[data-curve]")) {
    svg.setAttribute("aria-labelledby", `${svg.id}-title-${language} ${svg.id}-desc-${language}`);
  }
}
for (const button of document.querySelectorAll("nav button")) {
  button.addEventListener("click", () => {
    chosen.language = button.lang;
    keep();
    speak(button.lang);
  });
}
speak(chosen.language);
const folds = [...document.querySelectorAll("details")];
folds.forEach((fold, place) => {
  fold.open = chosen.open.includes(place);
  fold.addEventListener("toggle", () => {
    chosen.open = folds.flatMap((each, i) => each.open ? [i] : []);
    keep();
  });
});

// Renew, but not under a person's hands.
if (root.dataset.refresh) {
  setInterval(() => {
    const busy = document.activeElement?.closest("svg") || String(getSelection());
    if (!busy) location.reload();
  }, 1000 * Number(root.dataset.refresh));
}

// The value under the pointer, or under the arrow keys.
for (const svg of document.querySelectorAll("svg[data-curve]")) {
  const { x, y } = JSON.parse(svg.dataset.curve);
  const output = svg.closest("figure").querySelector("output");
  const mark = svg.querySelector(".mark");
  let place = x.length - 1;
  const number = (value) => new Intl.NumberFormat(root.lang, { maximumSignificantDigits: 4 }).format(value);
  function show(at) {
    place = Math.max(0, Math.min(x.length - 1, at));
    const across = x[place] / x[x.length - 1] * 1000;
    mark.setAttribute("d", `M${across} 0V400`);
    mark.style.visibility = "visible";
    output.textContent = `${number(x[place])} ${svg.dataset.unit}: ${number(y[place])}`;
  }
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const wanted = (event.clientX - box.left) / box.width * x[x.length - 1];
    let at = x.findIndex((value) => value >= wanted);
    if (at < 0) at = x.length - 1;
    show(at);
  });
  svg.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -x.length, End: x.length }[event.key];
    if (steps) { event.preventDefault(); show(place + steps); }
  });
}
