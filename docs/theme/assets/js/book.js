/* Takes the language switch to the same page and place: every page has its twin. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.md-select__link[hreflang]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  const { base } = JSON.parse(document.getElementById("__config").textContent);
  const root = new URL(`${base}/`, location.href).href;
  location.href = link.href + location.href.slice(root.length);
}, true);

/* Draws the formulas, and keeps the punctuation that follows one on its line. */
document.addEventListener("DOMContentLoaded", () => {
  if (!window.katex) return;
  for (const notebook of document.querySelectorAll(".jupyter-wrapper .jp-RenderedMarkdown")) markFormulas(notebook);
  for (const element of document.querySelectorAll(".arithmatex")) {
    const displayMode = element.tagName === "DIV" || element.textContent.trim().startsWith("\\[");
    const tex = element.textContent.trim().replace(/^\\[([]|\\[)\]]$/g, "");
    katex.render(tex, element, { displayMode, throwOnError: false });
    if (!displayMode) keepPunctuation(element);
  }
});

/* Notebooks arrive with $…$ and $$…$$ as plain text: wrap each in the element that pages use. */
function markFormulas(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("code, pre")) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const parts = node.data.split(/(\$\$[^$]+\$\$|\$[^$\n]+\$)/);
    if (parts.length === 1) continue;
    node.replaceWith(...parts.map((part, index) => {
      if (index % 2 === 0) return part;
      const span = document.createElement("span");
      span.className = "arithmatex";
      span.textContent = part.startsWith("$$") ? `\\[${part.slice(2, -2)}\\]` : `\\(${part.slice(1, -1)}\\)`;
      return span;
    }));
  }
}

function keepPunctuation(element) {
  const next = element.nextSibling;
  const mark = next?.nodeType === Node.TEXT_NODE && next.data.match(/^[，。、；：？！）”,.;:?!)]+/);
  if (!mark) return;
  next.data = next.data.slice(mark[0].length);
  const box = document.createElement("span");
  box.style.whiteSpace = "nowrap";
  element.replaceWith(box);
  box.append(element, mark[0]);
}
