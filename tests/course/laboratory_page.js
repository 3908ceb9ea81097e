// What a test can ask of the laboratory's panel in the browser. A button is found by its text.
const panel = document.querySelector('.trm-lab');
const button = text => [...panel.querySelectorAll('button')].find(one => one.textContent.trim() === text);
const said = words => panel.innerText.includes(words);
const commands = () => panel.querySelector('details code').textContent;
const experiments = () => panel.querySelectorAll('.lab-runs li').length;
const remedies = () => panel.querySelectorAll('.lab-cures button').length;
const epoch = () => Number(/epoch (\d+) of/.exec(panel.innerText)?.[1] ?? 0);
