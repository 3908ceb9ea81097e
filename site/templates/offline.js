/**
 * Keeps the whole book in the reader's browser, so that it opens without a network after the first visit. It lies at the
 * top of the book: its scope is then the book, at whatever address that is published.
 *
 * The network comes first, and what is kept answers only if the network fails or is slow. A reader with a network then
 * always has the pages and the scripts of one version, the newest, and an author sees what was built a moment ago;
 * answering from the copy first would show yesterday's book, or a new page with an old script, on every first visit
 * after a change. The price, a request for each file, is what the book costs without this worker.
 *
 * A file is kept under its name and the hash of its content. A new book therefore fetches only what has changed, and the
 * old one stays whole until the new one is complete. The build writes offline.json, { name: hash }, and VERSION, the
 * hash of that list: a browser that finds another VERSION here installs this worker anew.
 */

const VERSION = "@VERSION@";
const PATIENCE = 4000; // milliseconds that the network may take where there is a copy
const AT_ONCE = 4; // files that are fetched at the same time, so that the page being read comes first
const BOOK = self.registration.scope;
const LIST = `${BOOK}offline.json?${VERSION}`;

const open = () => caches.open(`book ${BOOK}`);
const keyOf = (name, hash) => new URL(`${encodeURI(name)}?${hash}`, BOOK).href;

self.addEventListener("install", (event) => {
  self.skipWaiting(); // no page is in the middle of anything that an older worker knows better
  event.waitUntil(keepAll());
});

self.addEventListener("activate", (event) => event.waitUntil(forgetOld().then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(BOOK)) event.respondWith(answer(request));
});

/** Fetch what is not kept yet. Rejects if a file is not the one in the list; the next visit goes on from there. */
async function keepAll() {
  const [cache, answered] = [await open(), await fetch(LIST, { cache: "no-cache" })];
  const files = await answered.clone().json();
  const kept = new Set((await cache.keys()).map(({ url }) => url));
  const missing = Object.entries(files).filter(([name, hash]) => !kept.has(keyOf(name, hash))).reverse();
  const work = async () => {
    for (let next = missing.pop(); next; next = missing.pop()) await keep(cache, ...next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await cache.put(LIST, answered);
}

async function keep(cache, name, hash) {
  const answered = await fetch(new URL(encodeURI(name), BOOK), { cache: "no-cache", priority: "low" });
  const content = await answered.arrayBuffer();
  // What a network's login page says, or a server in the middle of an update, must not become part of the book.
  if (!answered.ok || (await hashOf(content)) !== hash) throw new Error(`${name} is not the file of this book`);
  const type = answered.headers.get("Content-Type") ?? "application/octet-stream";
  await cache.put(keyOf(name, hash), new Response(content, { headers: { "Content-Type": type } }));
}

async function hashOf(content) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", content)).slice(0, 8);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function forgetOld() {
  const cache = await open();
  const files = await (await cache.match(LIST)).json();
  const wanted = new Set([LIST, ...Object.entries(files).map(([name, hash]) => keyOf(name, hash))]);
  await Promise.all((await cache.keys()).filter(({ url }) => !wanted.has(url)).map((old) => cache.delete(old)));
}

async function answer(request) {
  const online = fetch(request);
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
  try {
    const first = await Promise.race([online, late]);
    if (first && first.status < 500) return first;
  } catch { /* there is no network */ }
  return (await copyOf(request.url)) ?? online;
}

/** What is kept for an address; undefined if nothing is. */
async function copyOf(address) {
  const cache = await open();
  const files = await (await cache.match(LIST))?.json() ?? {};
  const path = decodeURI(new URL(address).pathname.slice(new URL(BOOK).pathname.length));
  const name = [path, `${path}.html`, `${path}index.html`].find((one) => Object.hasOwn(files, one));
  return name && cache.match(keyOf(name, files[name]));
}
