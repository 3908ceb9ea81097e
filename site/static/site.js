/** Opens the folded block that a link leads to, such as the way to run a lesson. */
function unfold() {
  const blocks = [...document.querySelectorAll("details[id]")]; // compared as text: a hash can be anything
  const target = blocks.find((block) => `#${block.id}` === location.hash);
  if (target) target.open = true;
}

addEventListener("hashchange", unfold);
unfold();
