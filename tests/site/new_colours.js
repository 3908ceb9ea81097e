// Mark the elements whose text has colours that are not yet known. Returns these colours, each as a line of text: the
// text's own, its size and weight, the grounds on which it stands, and, of a link, the colour of the text around it.
(known) => {
    const seen = new Set(known), found = [], grounds = new Map([[null, ""]]);
    const ground = (element) => {
        if (!grounds.has(element)) {
            const { backgroundColor, backgroundImage, opacity } = getComputedStyle(element);
            const own = [backgroundColor, backgroundImage, opacity].join(" ");
            const before = ground(element.parentElement);
            grounds.set(element, own === "rgba(0, 0, 0, 0) none 1" ? before : `${before}; ${own}`);
        }
        return grounds.get(element);
    };
    const looks = (element) => {
        const { color, fontSize, fontWeight, textDecorationLine, textShadow } = getComputedStyle(element);
        const link = element.closest("a");
        const around = link ? `in ${getComputedStyle(link.parentElement).color}` : "";
        return [color, fontSize, fontWeight, textDecorationLine, textShadow, around, ground(element)].join("; ");
    };
    const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
    const speaks = (element) => element.value || [...element.childNodes].some(isText);
    document.querySelectorAll("[data-new-colours]").forEach((element) => element.removeAttribute("data-new-colours"));
    for (const element of document.body.querySelectorAll("*")) {
        if (!speaks(element) || !element.checkVisibility()) continue;
        const colours = looks(element);
        if (seen.has(colours)) continue;
        seen.add(colours);
        found.push(colours);
        element.setAttribute("data-new-colours", "");
    }
    return found;
}
