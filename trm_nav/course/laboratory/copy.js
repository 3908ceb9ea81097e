// Copies the commands beside the button that was clicked: `this`.
const commands = this.parentElement.querySelector('textarea');
commands.select();
if (navigator.clipboard) navigator.clipboard.writeText(commands.value); else document.execCommand('copy');
this.textContent = 'Copied';
