// The thresholds, sentences and remedies of the diagnosis, as `python -m trm_nav.course.web.tables` exported them.

const answer = await fetch(new URL("diagnosis.json", import.meta.url));
export const tables = await answer.json();
