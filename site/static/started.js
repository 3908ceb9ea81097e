/** Comes after the scripts of a page that computes. Where a browser starts no modules, the sentence stays. */

document.getElementById("not-started")?.remove();
