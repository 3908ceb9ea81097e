/** The playground in a page of the book: the package's own module, with the weights of one trained network. */

import { mount } from "../_static/playground/playground.js";

const here = document.getElementById("maze-to-draw");
try {
  const answer = await fetch(new URL("weights.json", import.meta.url));
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  mount(here, { weights: await answer.json() });
} catch (error) {
  here.textContent = `The weights of the network could not be loaded: ${error.message}. Reload the page to try again.`;
  here.setAttribute("role", "alert");
}
