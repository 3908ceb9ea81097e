// What a test can ask of the laboratory's panel in the browser. A button is found by its text.
const panel = document.querySelector('.trm-laboratory');
const button = text => [...panel.querySelectorAll('button')].find(one => one.textContent.trim() === text);
const said = words => panel.innerText.includes(words);
const commands = () => panel.querySelector('textarea').value;
const experiments = () => [...panel.querySelectorAll('select')].at(-1).options.length;
