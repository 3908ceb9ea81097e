/** Keep keys such as B and the arrows from JupyterLab, for which they are commands; Ctrl+S and the like are not ours. */
export function keep(event) {
  if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
}
