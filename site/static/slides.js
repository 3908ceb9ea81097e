/**
 * The slides: one at a time, its steps one after the other. Without this script all of them stand below each other, as
 * they are printed.
 */

const SWIPE = 50; // pixels, and more across than along

const slides = [...document.querySelectorAll(".slide")];
const byId = (id) => document.getElementById(id);
const stepsOf = (slide) => [...slide.querySelectorAll(".step")];
let shown = 0, step = 0; // the slide, and how many of its steps are seen

function show(number, steps, focus = true) {
  const moved = number !== shown;
  shown = number;
  step = Math.min(steps, stepsOf(slides[shown]).length);
  slides.forEach((slide, i) => slide.classList.toggle("shown", i === shown));
  stepsOf(slides[shown]).forEach((one, i) => one.classList.toggle("seen", i < step));
  byId("number").textContent = `${shown + 1} / ${slides.length}`;
  byId("back").disabled = shown === 0 && step === 0;
  byId("next").disabled = shown === slides.length - 1 && step === stepsOf(slides[shown]).length;
  history.replaceState(null, "", `#${slides[shown].id}`);
  if (moved && focus) {
    scrollTo(0, 0);
    slides[shown].querySelector("h1, h2").focus({ preventScroll: true }); // a screen reader reads the new slide
  } else if (step) {
    stepsOf(slides[shown])[step - 1].scrollIntoView({ block: "nearest" });
  }
}

function next() {
  if (step < stepsOf(slides[shown]).length) show(shown, step + 1);
  else if (shown < slides.length - 1) show(shown + 1, 0);
}

function back() {
  if (step) show(shown, step - 1);
  else if (shown) show(shown - 1, Infinity); // as it was left
}

function turnNotes() {
  const on = document.body.classList.toggle("with-notes");
  byId("notes").setAttribute("aria-pressed", on);
}

function turnFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {}); // a phone may have none
}

function open() {
  const asked = slides.findIndex((slide) => `#${slide.id}` === location.hash);
  show(Math.max(asked, 0), 0, asked >= 0);
}

const KEYS = {
  ArrowRight: next, PageDown: next, ArrowLeft: back, PageUp: back, f: turnFull, n: turnNotes,
  Home: () => show(0, 0), End: () => show(slides.length - 1, 0),
};

addEventListener("keydown", (event) => {
  const does = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  does();
});

let from = null;
addEventListener("touchstart", ({ touches }) => { from = touches.length === 1 ? touches[0] : null; }, { passive: true });
addEventListener("touchend", ({ changedTouches: [to] }) => {
  if (!from) return;
  const across = to.clientX - from.clientX, along = to.clientY - from.clientY;
  from = null;
  if (Math.abs(across) < Math.max(SWIPE, 2 * Math.abs(along))) return;
  if (across < 0) next();
  else back();
});

for (const [id, does] of Object.entries({ next, back, notes: turnNotes, full: turnFull })) {
  byId(id).addEventListener("click", does);
}
addEventListener("hashchange", open);
document.body.classList.add("one-by-one");
open();
