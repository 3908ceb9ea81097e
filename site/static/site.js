/**
 * On every page. A classic script, because browsers start no module of a page that was opened as a file. Runs before the
 * theme's scripts are ready.
 */

/** A link to a folded block, such as the way to run a lesson, opens it. */
function unfold() {
  const blocks = [...document.querySelectorAll("details[id]")]; // compared as text: a hash can be anything
  const target = blocks.find((block) => `#${block.id}` === location.hash);
  if (target) target.open = true;
}

/** Sphinx's search reads the parameter q on every page, and fails where there is no list for its answers. */
function withoutQuestion() {
  const address = new URL(location.href);
  if (!address.searchParams.has("q") || document.getElementById("search-results")) return;
  address.searchParams.delete("q");
  history.replaceState(null, "", address);
}

/** Keep the book for reading without a network, once this page has loaded; offline.js says how. */
function keepBook() {
  const worker = navigator.serviceWorker; // not there in a page from a disk, or from a server without HTTPS
  if (!worker || !location.protocol.startsWith("http") || navigator.connection?.saveData) return;
  const top = new URL(document.documentElement.dataset.content_root ?? "./", location.href);
  const register = () => worker.register(new URL("offline.js", top)).catch(() => {}); // it is a convenience
  if (document.readyState === "complete") register();
  else addEventListener("load", register);
  worker.ready.then(() => {
    document.documentElement.dataset.kept = "";
    const said = Object.assign(document.createElement("p"), {
      className: "kept", textContent: "This book is kept in your browser. It opens without a network, too.",
    });
    document.querySelector(".bd-footer-content__inner")?.append(said);
  });
}

addEventListener("hashchange", unfold);
unfold();
withoutQuestion();
keepBook();
