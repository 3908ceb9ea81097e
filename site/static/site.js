/**
 * On every page: a link to a folded block, such as the way to run a lesson, opens it. Runs before the theme's scripts are
 * ready.
 */

function unfold() {
  const blocks = [...document.querySelectorAll("details[id]")]; // compared as text: a hash can be anything
  const target = blocks.find((block) => `#${block.id}` === location.hash);
  if (target) target.open = true;
}

addEventListener("hashchange", unfold);
unfold();

// Sphinx's search reads the parameter q on every page, and fails where there is no list for its answers.
const address = new URL(location.href);
if (address.searchParams.has("q") && !document.getElementById("search-results")) {
  address.searchParams.delete("q");
  history.replaceState(null, "", address);
}
